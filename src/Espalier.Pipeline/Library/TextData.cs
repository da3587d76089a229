using Espalier.Compression.Data;
using Espalier.Compression.Data.Batches;
using Espalier.Compression.Data.Tokens;

namespace Espalier;

/// <summary>
/// Text as a model's tokens, cut into windows of equal length, on which a <see cref="LanguageModel"/> is scored, trained and evaluated.
/// Dispose it after use.
/// </summary>
public sealed class TextData : IDisposable
{
    private readonly ScratchFolder _folder;
    private readonly TokenStore _tokens;

    private TextData(ScratchFolder folder, TokenStore tokens, int sequence)
    {
        (_folder, _tokens) = (folder, tokens);
        Windows = new(tokens, sequence);
    }

    /// <summary>The windows.</summary>
    public WindowSet Windows { get; }

    /// <summary>Total number of tokens.</summary>
    public long Tokens => _tokens.Count;

    /// <summary>
    /// Reads text: files, folders and patterns of .txt, .md, .jsonl, .parquet and .xml, or <c>dotnet-docs</c>. Its tokens are kept in a
    /// file in the system's temporary folder until this object is disposed; duplicate documents are read once.
    /// </summary>
    /// <param name="model">The model whose tokenizer to use.</param>
    /// <param name="sequence">Tokens per window; at most the model's positions.</param>
    /// <param name="sources">The sources of the text.</param>
    /// <exception cref="EspalierException">There is no text, less than one window of it, or a source cannot be read.</exception>
    public static TextData Read(LanguageModel model, int sequence, params IReadOnlyList<string> sources)
    {
        ArgumentNullException.ThrowIfNull(model);
        if (sequence > model.Config.MaxPositions)
            throw new EspalierException(
                $"sequence is {sequence}, but {model.Folder} has {model.Config.MaxPositions} positions: use a shorter one");
        var folder = ScratchFolder.Begin();
        TokenStore? tokens = null;
        try
        {
            Corpus.BuildStore(new() { Sources = sources }, DocumentEncoder.Of(model.Tokenizer, model.Config.VocabularySize), folder.Path);
            tokens = TokenStore.Open(folder.Path, model.Config.VocabularySize, string.Join(", ", sources));
            return new(folder, tokens, sequence);
        }
        catch
        {
            tokens?.Dispose();
            folder.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _tokens.Dispose();
        _folder.Dispose();
    }
}

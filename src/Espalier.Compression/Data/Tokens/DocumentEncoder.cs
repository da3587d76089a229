using Espalier.Compression.Data.Records;
using Espalier.Models.Tokenizers;

namespace Espalier.Compression.Data.Tokens;

/// <summary>Appends the ids of a text, its BOS first where the tokenizer has one. Called by several threads at once.</summary>
internal delegate void EncodeText(string text, List<int> ids);

/// <summary>What the data path needs of a tokenizer.</summary>
/// <param name="Encode">Appends the ids of a text; thread-safe.</param>
/// <param name="VocabularySize">Ids are below it.</param>
/// <param name="EosId">Ends every document; null where there is none.</param>
/// <param name="Sha256">Hash of the tokenizer, lower-case hexadecimal; kept with the tokens.</param>
internal sealed record DocumentEncoder(EncodeText Encode, int VocabularySize, int? EosId, string Sha256)
{
    /// <summary>What <see cref="Encode"/> puts before every text; null for nothing, or for something else than one BOS.</summary>
    public int? BosId { get; init; }

    /// <summary>The token of an id, for messages; null where nobody knows.</summary>
    public Func<int, string?>? TokenText { get; init; }

    /// <summary>The tokenizer of a model as the data path takes it.</summary>
    /// <param name="rows">Rows of the model's embedding table; ids from there on are refused.</param>
    /// <exception cref="EspalierException">The model has no row for the tokenizer's EOS.</exception>
    public static DocumentEncoder Of(Tokenizer tokenizer, int rows)
    {
        // It would be put after every document.
        if (tokenizer.EosId >= rows)
            throw new EspalierException(
                $"the tokenizer's EOS '{tokenizer.TokenText(tokenizer.EosId.Value)}' has id {tokenizer.EosId}, "
                    + $"but the model has rows for ids below {rows} (vocab_size): tokenizer.json and "
                    + "config.json belong to different models; put the right tokenizer.json there");
        return new((text, ids) => tokenizer.Encode(text, ids), Math.Min(tokenizer.VocabularySize, rows), tokenizer.EosId, tokenizer.Sha256)
        {
            BosId = tokenizer.Model.AddsBos ? tokenizer.BosId : null,
            TokenText = tokenizer.TokenText,
        };
    }

    /// <summary>Whether a document's ids begin with BOS twice: its text brings its own.</summary>
    internal bool DoublesBos(ReadOnlySpan<int> ids) => BosId is { } bos && ids.Length > 1 && ids[0] == bos && ids[1] == bos;

    /// <summary>The ids of one document with EOS after them.</summary>
    /// <exception cref="EspalierException">An id outside the vocabulary.</exception>
    public void EncodeDocument(Document document, List<int> ids)
    {
        var begin = ids.Count;
        Encode(document.Text, ids);
        if (EosId is { } eos && (ids.Count == begin || ids[^1] != eos))
            ids.Add(eos);
        for (var i = begin; i < ids.Count; i++)
            if ((uint)ids[i] >= (uint)VocabularySize)
                throw new EspalierException(
                    $"{document.Origin}: the tokenizer gave id {ids[i]}{(TokenText?.Invoke(ids[i]) is { } token ? $" ('{token}')" : "")}, "
                    + $"but the model only has rows for ids below {VocabularySize}: remove it from the text");
    }
}

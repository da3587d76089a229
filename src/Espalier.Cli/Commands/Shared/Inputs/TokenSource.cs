using Espalier.Compression.Data;
using Espalier.Compression.Data.Records;
using Espalier.Compression.Data.Sources;
using Espalier.Compression.Data.Tokens;
using Espalier.Compression.Evaluation;
using Espalier.Models.Checkpoints;
using Espalier.Models.Tokenizers;
using Espalier.Pipeline.Stages.Running;

namespace Espalier.Cli.Commands.Shared.Inputs;

/// <summary>Open tokens. Those of a text lie in a <see cref="ScratchFolder"/>, which disposing removes.</summary>
internal sealed class TokenSource(ITokens tokens, Tokenizer? tokenizer = null, ScratchFolder? scratch = null) : IDisposable
{
    internal ITokens Tokens => tokens;

    /// <summary>What the user named: the text, or the ids.</summary>
    internal string Name => tokens.Name;

    /// <summary>
    /// UTF-8 bytes of the text that ids 1 to <paramref name="targets"/> stand for; null where ids were given and not text.
    /// </summary>
    internal long? BytesOfTargets(long targets) =>
        tokenizer is null ? null : ScoredText.Utf8Bytes((TokenStore)tokens, tokenizer, targets);

    /// <summary>
    /// Encodes all documents of a text in their order, none dropped as a duplicate: BOS as the tokenizer says, EOS after each.
    /// </summary>
    internal static TokenSource Encode(string[] sources, Checkpoint model, Tokenizer tokenizer, CommandRun run, string? field = null)
    {
        var source = DocumentSource.Parse(sources, field);
        foreach (var note in source.Notes)
            run.Progress.Note(note);
        var folder = ScratchFolder.Begin();
        try
        {
            using (var task = run.Progress.Begin("encode", 0, "bytes"))
            {
                var encoder = DocumentEncoder.Of(tokenizer, model.Config.VocabularySize);
                var options = new CorpusOptions { Sources = sources, Field = field, Deduplicate = false };
                var (_, skips) =
                    Corpus.BuildStore(options, encoder, folder.Path, new TaskProgress<(long Done, long Total)>(task, bytes => bytes.Done),
                        run.Cancellation);
                if (skips.ToString().Length > 0)
                    run.Progress.Warn($"{source.Description}: skipped or repaired: {skips.Describe()}");
                if (SkipCounts.DoubledBosWarning(skips[SkipReason.DoubledBos]) is { } warning)
                    run.Progress.Warn($"{source.Description}: {warning}");
            }
            return new TokenSource(TokenStore.Open(folder.Path, model.Config.VocabularySize, source.Description), tokenizer, folder);
        }
        catch
        {
            folder.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        (tokens as IDisposable)?.Dispose();
        scratch?.Dispose();
    }
}

using Espalier.Compression.Data;
using Espalier.Compression.Evaluation;
using Espalier.Models.Checkpoints;
using Espalier.Models.Tokenizers;

namespace Espalier.Cli.Commands.Shared;

/// <summary>Open tokens. Those of a text lie in a temporary folder, which disposing removes.</summary>
internal sealed class TokenSource(ITokens tokens, Tokenizer? tokenizer = null, string? temporary = null) : IDisposable
{
    internal ITokens Tokens => tokens;

    /// <summary>What the user named: the text, or the ids.</summary>
    internal string Name => tokens is TokenStore store && temporary is not null ? store.Index.Source : tokens.Name;

    /// <summary>UTF-8 bytes of the text that ids 1 to <paramref name="targets"/> stand for; null where ids were given and not text.</summary>
    internal long? BytesOfTargets(long targets) =>
        tokenizer is null ? null : ScoredText.Utf8Bytes((TokenStore)tokens, tokenizer, targets);

    /// <summary>Encodes all documents of a text in their order, none dropped as a duplicate: BOS as the tokenizer says, EOS behind each.</summary>
    internal static TokenSource Encode(string[] sources, Checkpoint model, Tokenizer tokenizer, CommandRun run)
    {
        var folder = Directory.CreateTempSubdirectory("espalier-tokens-").FullName;
        try
        {
            using (var task = run.Progress.Begin("encode", 0, "bytes"))
            {
                var encoder = DocumentEncoder.Of(tokenizer, model.Config.VocabularySize);
                var options = new CorpusOptions { Sources = sources, Deduplicate = false };
                var (_, skips) = Corpus.BuildStore(options, encoder, folder, new Told(task), run.Cancellation);
                if (skips.ToString() is { Length: > 0 } reasons)
                    run.Progress.Warn($"{string.Join(", ", sources)}: skipped or mended: {reasons}");
                if (SkipCounts.DoubledBosWarning(skips[SkipReason.DoubledBos]) is { } warning)
                    run.Progress.Warn($"{string.Join(", ", sources)}: {warning}");
            }
            return new TokenSource(TokenStore.Open(folder, model.Config.VocabularySize), tokenizer, folder);
        }
        catch
        {
            Directory.Delete(folder, recursive: true);
            throw;
        }
    }

    public void Dispose()
    {
        (tokens as IDisposable)?.Dispose();
        if (temporary is not null)
            Directory.Delete(temporary, recursive: true);
    }

    private sealed class Told(Compression.IProgressTask task) : IProgress<(long Done, long Total)>
    {
        public void Report((long Done, long Total) value) => task.Report(value.Done);
    }
}

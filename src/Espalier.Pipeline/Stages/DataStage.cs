using System.Text.Json.Nodes;
using Espalier.Compression;
using Espalier.Compression.Data;
using Espalier.Files;
using Espalier.Models.Checkpoints;
using Espalier.Models.Tokenizers;
using Espalier.Pipeline.Recipes;

namespace Espalier.Pipeline.Stages;

/// <summary>Tokens to train on and tokens held out, with the hash of what determines them. Dispose it.</summary>
/// <param name="Train">Training ids.</param>
/// <param name="HeldOut">Held-out ids; null where nothing is held out.</param>
/// <param name="Hash">Goes into the keys of the stages that read them.</param>
/// <param name="HeldOutBytesPerToken">UTF-8 bytes of held-out text a token; null for ids without text.</param>
/// <param name="Owned">What is to be disposed.</param>
public sealed record TokenSets(ITokens Train, ITokens? HeldOut, string Hash, double? HeldOutBytesPerToken, IReadOnlyList<IDisposable> Owned) : IDisposable
{
    /// <summary>Where training documents begin, if attention is to end there.</summary>
    public DocumentBoundaries? Boundaries { get; init; }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var item in Owned)
            item.Dispose();
    }
}

/// <summary>Text to tokens, in a stage of its own; ids from a file are taken as they are.</summary>
public static class DataStage
{
    /// <summary>Training and held-out tokens of a recipe.</summary>
    public static TokenSets Run(RunContext run, DataSection data, string tokenizerFolder, int vocabulary)
    {
        var tokens = Tokens(run, data, tokenizerFolder, vocabulary);
        if (data.Documents == DocumentContext.Cross)
            return tokens;
        using var model = Checkpoint.Open(tokenizerFolder, requireWeights: false);
        return tokens with { Boundaries = DocumentBoundaries.Of(tokens.Train, [.. model.Config.EosTokenIds]) };
    }

    private static TokenSets Tokens(RunContext run, DataSection data, string tokenizerFolder, int vocabulary)
    {
        if (data.Train is [var single] && IsIds(single))
            return OfIds(single, data, vocabulary);
        var tokenizer = Tokenizer.Load(tokenizerFolder);
        var source = DocumentSource.Parse(data.Train, data.Field, run.Folder.Owns);
        var record = run.Do("data", Options(data.Train, data.HeldOut, data.Field), Inputs(tokenizer, source), (stage, _) =>
        {
            var skips = new SkipCounts();
            using var task = run.Progress.Begin("data", source.TotalBytes, "bytes");
            var options = new CorpusOptions
            {
                Sources = data.Train,
                Field = data.Field,
                LeaveOut = run.Folder.Owns,
                HeldOut = new(data.HeldOut),
                Skips = skips,
            };
            var summary = Corpus.Build(options, DocumentEncoder.Of(tokenizer, vocabulary), stage.Path, new Told(task), run.Stop);
            Say(run, source, skips);
            WarnOfBos(run, "data", skips[SkipReason.DoubledBos]);
            return new()
            {
                ["train_tokens"] = summary.Train.Tokens,
                ["held_out_tokens"] = summary.HeldOut?.Tokens,
                ["train_documents"] = summary.Train.Documents,
                ["held_out_documents"] = summary.HeldOut?.Documents,
            };
        });
        var folder = run.FolderOf(record);
        var train = TokenStore.Open(Path.Combine(folder, Corpus.TrainFolder), vocabulary, $"data.train {source.Description}");
        if (data.HeldOut == 0)
            return new(train, null, record.OutputHash, null, [train]);
        var heldOut = TokenStore.Open(Path.Combine(folder, Corpus.HeldOutFolder), vocabulary, $"the held-out part of {source.Description}");
        return new(train, heldOut, record.OutputHash, BytesPerToken(heldOut), [train, heldOut]);
    }

    /// <summary>The tokens of one text, all of them: something to evaluate on.</summary>
    public static (ITokens Tokens, string Hash, double? BytesPerToken) OfText(RunContext run, string name, string source, string tokenizerFolder, int vocabulary)
    {
        if (IsIds(source))
            return (TokenIds.Parse(source, vocabulary), ContentHash.OfFile(source), null);
        var tokenizer = Tokenizer.Load(tokenizerFolder);
        var files = DocumentSource.Parse([source], field: null, run.Folder.Owns);
        var record = run.Do($"text-{name}", Options([source], 0, null), Inputs(tokenizer, files), (stage, _) =>
        {
            using var task = run.Progress.Begin($"text {name}", files.TotalBytes, "bytes");
            var (index, skips) = Corpus.BuildStore(
                new() { Sources = [source], LeaveOut = run.Folder.Owns }, DocumentEncoder.Of(tokenizer, vocabulary), Path.Combine(stage.Path, "tokens"), new Told(task), run.Stop);
            Say(run, files, skips);
            WarnOfBos(run, $"text {name}", skips[SkipReason.DoubledBos]);
            return new() { ["tokens"] = index.Count, ["documents"] = index.Documents };
        });
        var store = TokenStore.Open(Path.Combine(run.FolderOf(record), "tokens"), vocabulary, source);
        return (store, record.OutputHash, BytesPerToken(store));
    }

    private static void WarnOfBos(RunContext run, string what, long documents)
    {
        if (SkipCounts.DoubledBosWarning(documents) is { } warning)
            run.Progress.Warn($"{what}: {warning}");
    }

    /// <summary>
    /// Ids: whole windows from the front to train on, the last ones held out, as the share says (at least one each); with a share of 0 all ids
    /// are for training.
    /// </summary>
    private static TokenSets OfIds(string spec, DataSection data, int vocabulary)
    {
        var all = TokenIds.Parse(spec, vocabulary);
        IReadOnlyList<IDisposable> owned = all is IDisposable closing ? [closing] : [];
        if (data.HeldOut == 0)
            return new(all, null, HashOf(spec, data), null, owned);
        var (train, heldOut) = SplitOfIds(spec, all.Count, data);
        return new(new TokenRange(all, 0, train), new TokenRange(all, train, heldOut), HashOf(spec, data), null, owned);
    }

    /// <summary>How many ids are for training and how many, behind them, are held out.</summary>
    internal static (long Train, long HeldOut) SplitOfIds(string spec, long count, DataSection data)
    {
        var length = data.Sequence + 1;
        var windows = count / length;
        var heldOut = Math.Max(1, (long)(windows * data.HeldOut));
        return windows - heldOut >= 1 ? ((windows - heldOut) * length, heldOut * length)
            : throw new EspalierException($"{spec}: {count} ids make {windows} windows of {length}; at least one to train on and one held out are needed");
    }

    private static string HashOf(string spec, DataSection data) =>
        ContentHash.OfText($"{(File.Exists(spec) ? ContentHash.OfFile(spec) : spec)} {data.HeldOut:R} {data.Sequence}");

    /// <summary>Whether a source is token ids, and no text.</summary>
    public static bool IsIds(string source) =>
        source.EndsWith(".i32", StringComparison.OrdinalIgnoreCase) || source.EndsWith(".u16", StringComparison.OrdinalIgnoreCase)
        || source.All(c => char.IsAsciiDigit(c) || c is ',' or ' ');

    private static double BytesPerToken(TokenStore store) => (double)store.Index.TextBytes / store.Count;

    /// <summary>What was not read, and text that was lost; repetitions and empty documents are only counted.</summary>
    private static void Say(RunContext run, DocumentSource source, SkipCounts skips)
    {
        foreach (var note in source.Notes)
            run.Progress.Note(note);
        if (skips.LostText)
            run.Progress.Warn($"{source.Description}: skipped or mended: {skips.Describe()}");
    }

    // A recipe without a field has the key that it had before there were fields.
    private static JsonObject Options(IReadOnlyList<string> sources, double heldOut, string? field)
    {
        var options = new JsonObject
        {
            ["sources"] = new JsonArray([.. sources.Select(source => (JsonNode)source)]),
            ["held_out"] = heldOut,
        };
        if (field is not null)
            options["field"] = field;
        return options;
    }

    private static Dictionary<string, string> Inputs(Tokenizer tokenizer, DocumentSource source) => new()
    {
        ["tokenizer"] = tokenizer.Sha256,
        ["text"] = ContentHash.OfText(string.Concat(source.Files.Select(file => $"{Path.GetFileName(file)} {ContentHash.OfFile(file)}\n"))),
    };

    private sealed class Told(IProgressTask task) : IProgress<(long Done, long Total)>
    {
        public void Report((long Done, long Total) value) => task.Report(value.Done);
    }
}

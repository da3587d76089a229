using System.Globalization;
using System.Text.Json.Nodes;
using Espalier.Compression.Data;
using Espalier.Compression.Data.Mixtures;
using Espalier.Compression.Data.Records;
using Espalier.Compression.Data.Sources;
using Espalier.Compression.Data.Tokens;
using Espalier.Compression.Training.Saving;
using Espalier.Files;
using Espalier.Models.Checkpoints;
using Espalier.Pipeline.Forecasts;
using Espalier.Pipeline.Options;
using Espalier.Pipeline.Recipes;
using Espalier.Pipeline.Runs;
using Espalier.Pipeline.Stages.Running;

namespace Espalier.Pipeline.Stages.Texts;

/// <summary>Training and held-out text to tokens; ids from a file are taken as they are.</summary>
/// <param name="data">What is read.</param>
/// <param name="model">Folder of the model whose tokenizer and end of documents it has.</param>
/// <param name="vocabulary">Ids are below it.</param>
internal sealed class DataStage(DataSection data, string model, int vocabulary) : EncodingStage(data.Train, data.Field, data.HeldOut, model)
{
    // What the recipe asked to drop.
    private static readonly SkipReason[] s_dropped = [SkipReason.OtherLanguage, SkipReason.NearDuplicate, SkipReason.Repetitive];

    /// <inheritdoc/>
    public override string Name => "data";

    /// <inheritdoc/>
    public override bool HasFolder => data.Train is not [var single] || !DataSection.IsIds(single);

    /// <summary>The tokens; whoever runs the stage disposes them.</summary>
    public Slot<TokenSets> Tokens { get; } = new("the text");

    /// <summary>The held-out part, to evaluate on.</summary>
    public Slot<EvaluationText> HeldOut { get; } = new(EvaluationList.HeldOut);

    internal override StageForecast? Forecast() =>
        new(Name,
            $"{string.Join(", ", data.Sources.Select(Described))} to windows of {data.Sequence} tokens, {data.HeldOut * 100:0.##} % held "
                + $"out", null, null,
            null, null);

    private string Described(TrainSource source) => !data.IsMixture ? source.Path
        : $"{source.Path} (weight {source.Weight ?? 1:0.###}{(source.Tokens is { } most ? $", at most {Units.Count(most)} tokens" : "")})";

    /// <inheritdoc/>
    public override void Run(RunContext run)
    {
        if (HasFolder)
            base.Run(run);
        else
            Tokens.Value = OfIds(data.Train[0]);
        if (Tokens.Value.HeldOut is { } heldOut)
            HeldOut.Value = new(EvaluationList.HeldOut, new TokenRange(heldOut, 0, heldOut.Count), Tokens.Value.Hash,
                Tokens.Value.HeldOutBytesPerToken);
        if (data.Documents == DocumentContext.Cross || data.IsMixture)
            return;
        using var checkpoint = Checkpoint.Open(Folder, requireWeights: false);
        Tokens.Value = Tokens.Value with { Boundaries = DocumentBoundaries.Of(Tokens.Value.Train, [.. checkpoint.Config.EosTokenIds]) };
    }

    /// <inheritdoc/>
    protected override JsonObject Options()
    {
        var options = base.Options();
        // Without these the key is what it was before there were such.
        if (data.IsMixture)
            options["mixture"] = new JsonArray([.. data.Sources.Select(source => new JsonArray(source.Weight ?? 1, source.Tokens))]);
        if (data.NearDuplicates is { } threshold)
            options["near_duplicates"] = threshold;
        if (data.Language is { } language)
            options["language"] = language;
        if (data.MaxRepetition < 1)
            options["max_repetition"] = data.MaxRepetition;
        return options;
    }

    /// <inheritdoc/>
    protected override JsonObject? Work(RunContext run, StageFolder folder, SavedCheckpoint? checkpoint)
    {
        var skips = new SkipCounts();
        using var task = run.Progress.Begin("data", Source.TotalBytes, "bytes");
        var options = new CorpusOptions
        {
            Sources = data.Train,
            Field = data.Field,
            LeaveOut = run.Folder.Owns,
            HeldOut = new(data.HeldOut),
            Skips = skips,
            Filters = DocumentFilters.Of(data),
            MaxRepetition = data.MaxRepetition,
            // Of a mixture, what one source has is dropped from those after it.
            Seen = [],
        };
        var encoder = DocumentEncoder.Of(Tokenizer, vocabulary);
        var (sides, before) = (new List<CorpusSummary>(), 0L);
        if (!data.IsMixture)
            sides.Add(Corpus.Build(options, encoder, folder.Path, BytesRead(task), run.Stop));
        else
            foreach (var (number, source) in data.Sources.Index())
            {
                var one = options with { Sources = [source.Path], MaxTokens = source.Tokens, MayHoldOutNone = true };
                sides.Add(Corpus.Build(one, encoder, PartOf(folder.Path, number), BytesRead(task, before), run.Stop));
                before += DocumentSource.Parse(one.Sources, data.Field, run.Folder.Owns).TotalBytes;
            }

        ReportSkips(run, "data", skips);
        var without = data.HeldOut == 0 ? [] : data.Sources.Zip(sides).Where(pair => pair.Second.HeldOut is null)
            .Select(pair => pair.First.Path).ToArray();
        if (without.Length > 0 && without.Length == sides.Count)
            throw OneSidedSplitException.NothingHeldOut(data.HeldOut, sides.Sum(side => side.Train.Documents), Source.Description);
        if (without.Length > 0)
            run.Progress.Note($"data: too few documents to hold one out: {string.Join(", ", without)}");
        var dropped = s_dropped.Where(reason => skips[reason] > 0).Select(reason => $"{skips[reason]} {DataJson.Kebab(reason.ToString())}")
            .ToArray();
        if (dropped.Length > 0)
            run.Progress.Note($"data: documents left out: {string.Join(", ", dropped)}");
        var result = new JsonObject
        {
            ["train_tokens"] = sides.Sum(side => side.Train.Tokens),
            ["held_out_tokens"] = data.HeldOut == 0 ? null : sides.Sum(side => side.HeldOut?.Tokens),
            ["train_documents"] = sides.Sum(side => side.Train.Documents),
            ["held_out_documents"] = data.HeldOut == 0 ? null : sides.Sum(side => side.HeldOut?.Documents),
        };
        if (without.Length > 0)
            result["without_held_out"] = new JsonArray([.. without.Select(source => (JsonNode)source)]);
        return result;
    }

    /// <inheritdoc/>
    protected override void Take(RunContext run, StageRecord record, string folder)
    {
        if (data.IsMixture)
        {
            Tokens.Value = OfMixture(run, record, folder);
            return;
        }

        var train = TokenStore.Open(Path.Combine(folder, Corpus.TrainFolder), vocabulary, $"data.train {Source.Description}");
        if (data.HeldOut == 0)
        {
            Tokens.Value = new(train, null, record.OutputHash, null, [train]);
            return;
        }
        var heldOut = TokenStore.Open(Path.Combine(folder, Corpus.HeldOutFolder), vocabulary, $"the held-out part of {Source.Description}");
        Tokens.Value = new(train, heldOut, record.OutputHash, BytesPerToken(heldOut), [train, heldOut]);
    }

    /// <summary>Several sources: joined at whole windows, drawn by their weights; what is held out is evaluated on as one text.</summary>
    private TokenSets OfMixture(RunContext run, StageRecord record, string folder)
    {
        // A source of few documents may have none that is held out.
        TokenStore[] Open(string side, string name) =>
            [.. data.Sources.Select((source, number) => (source.Path, Store: Path.Combine(PartOf(folder, number), side)))
                .Where(part => side == Corpus.TrainFolder || Directory.Exists(part.Store))
                .Select(part => TokenStore.Open(part.Store, vocabulary, $"{name} {part.Path}"))];
        var train = Open(Corpus.TrainFolder, "data.train");
        var joined = new JoinedTokens($"data.train {Source.Description}", train, data.Sequence + 1);
        var heldOut = data.HeldOut == 0 ? [] : Open(Corpus.HeldOutFolder, "the held-out part of");
        var mixture = new WindowMixture([.. joined.Counts.Select(count => count / (data.Sequence + 1))],
            [.. data.Sources.Select(source => source.Weight ?? 1)]);
        run.Progress.Note($"data: of a thousand windows {string.Join(", ", data.Sources.Select((source, number) =>
            $"{mixture.Thousandths[number]} are of {source.Path} ({Units.Count(train[number].Count)} tokens)"))}");
        return new(joined, heldOut.Length == 0 ? null : new JoinedTokens($"the held-out part of {Source.Description}", heldOut, 1),
            // Weights and the length of windows decide what is drawn, and are in no file of the stage.
            ContentHash.OfText(
                $"{record.OutputHash} {data.Sequence} {string.Join(' ', data.Sources.Select(source => $"{source.Weight ?? 1:R}"))}"),
            heldOut.Length == 0 ? null : (double)heldOut.Sum(store => store.Index.TextBytes) / heldOut.Sum(store => store.Count),
            [.. train, .. heldOut])
        {
            Mixture = mixture,
            Boundaries = data.Documents == DocumentContext.Cross ? null : joined.Boundaries(train),
        };
    }

    private static string PartOf(string folder, int number) =>
        Path.Combine(folder, (number + 1).ToString(CultureInfo.InvariantCulture));

    /// <summary>
    /// Ids: whole windows from the front to train on, the last ones held out, as the share says (at least one each); with a share of 0 all
    /// ids are for training.
    /// </summary>
    private TokenSets OfIds(string spec)
    {
        var all = TokenIds.Parse(spec, vocabulary);
        IReadOnlyList<IDisposable> owned = all is IDisposable closing ? [closing] : [];
        if (data.HeldOut == 0)
            return new(all, null, HashOf(spec, data), null, owned);
        var (train, heldOut) = SplitOfIds(spec, all.Count, data);
        return new(new TokenRange(all, 0, train), new TokenRange(all, train, heldOut), HashOf(spec, data), null, owned);
    }

    /// <summary>How many ids are for training and how many, after them, are held out.</summary>
    internal static (long Train, long HeldOut) SplitOfIds(string spec, long count, DataSection data)
    {
        var length = data.Sequence + 1;
        var windows = count / length;
        var heldOut = Math.Max(1, (long)(windows * data.HeldOut));
        return windows - heldOut >= 1 ? ((windows - heldOut) * length, heldOut * length)
            : throw new EspalierException(
                $"{spec}: {Units.Counted(count, "id makes", "ids make")} {Units.Counted(windows, "window")} of {length}; at least one to "
                + "train on and one held out are needed");
    }

    /// <summary>What determines ids: the file, how much of it is held out, and windows.</summary>
    internal static string HashOf(string spec, DataSection data) =>
        ContentHash.OfText($"{(File.Exists(spec) ? ContentHash.OfFile(spec) : spec)} {data.HeldOut:R} {data.Sequence}");
}

using Espalier.Compression.Data;
using Espalier.Compression.Data.Mixtures;
using Espalier.Compression.Data.Pieces;
using Espalier.Compression.Data.Records;
using Espalier.Compression.Data.Sources;
using Espalier.Compression.Data.Tokens;
using Espalier.Compression.Training.Saving;
using Espalier.Models.Checkpoints;
using Espalier.Pipeline.Forecasts;
using Espalier.Pipeline.Options;
using Espalier.Pipeline.Options.Texts;
using Espalier.Pipeline.Recipes;
using Espalier.Pipeline.Runs;
using Espalier.Pipeline.Runs.Folders;
using Espalier.Pipeline.Stages.Running;

namespace Espalier.Pipeline.Stages.Texts;

/// <summary>Training and held-out text to tokens; ids from a file are taken as they are.</summary>
/// <param name="data">What is read.</param>
/// <param name="model">Folder of the model whose tokenizer and end of documents it has.</param>
/// <param name="vocabulary">Ids are below it.</param>
internal sealed class DataStage(DataSection data, string model, int vocabulary) : EncodingStage(data.Train, data.Field, data.HeldOut, model)
{
    // The loss on so few documents is theirs more than the text's.
    private const int FewHeldOut = 10;

    // What the recipe asked to drop.
    private static readonly SkipReason[] s_dropped = [SkipReason.OtherLanguage, SkipReason.NearDuplicate, SkipReason.Repetitive];

    public override string Name => "data";

    public override bool HasFolder => data.Train is not [var single] || !DataSection.IsIds(single);

    /// <summary>The tokens; whoever runs the stage disposes them.</summary>
    public Slot<TokenSets> Tokens { get; } = new("the text");

    /// <summary>The held-out part, to evaluate on.</summary>
    public Slot<EvaluationText> HeldOut { get; } = new(EvaluationList.HeldOut);

    internal override StageForecast? Forecast()
    {
        RequireRoom();
        return new(Name,
            $"{string.Join(", ", data.Sources.Select(Described))} to windows of {data.Sequence} tokens, {data.HeldOut * 100:0.##} % held "
                + $"out{(data.Disk is { } share ? $"; more than {Units.Bytes(share)} of training tokens are streamed in pieces" : "")}",
            null, null, null, null);
    }

    // What reading the text would end with.
    private void RequireRoom()
    {
        for (var number = 0; data.Disk is not null && number < data.Sources.Count; number++)
            _ = PieceIndexWriter.Windows(
                (data.IsMixture ? DiskOf(number) : data.Disk) ?? 0, data.Sequence + 1, (int)TokenWidths.Of(vocabulary));
    }

    internal override IEnumerable<DiskForecast> Disk() =>
        data.Disk is { } share ? [new("training tokens, at most at one time", share, Title)] : [];

    private string Described(TrainSource source) => !data.IsMixture ? source.Path
        : $"{source.Path} (weight {source.Weight ?? 1:0.###}{(source.Tokens is { } most ? $", at most {Units.Count(most)} tokens" : "")})";

    public override void Run(RunContext run)
    {
        if (HasFolder)
            base.Run(run);
        else
            Tokens.Value = OfIds(data.Train[0], run);
        if (Tokens.Value.HeldOut is { } heldOut)
            HeldOut.Value = new(EvaluationList.HeldOut, new TokenRange(heldOut, 0, heldOut.Count), Tokens.Value.Hash,
                Tokens.Value.HeldOutBytesPerToken);
        if (data.Documents == DocumentContext.Cross || data.IsMixture)
            return;
        using var checkpoint = Checkpoint.Open(Folder, requireWeights: false);
        Tokens.Value = Tokens.Value with { Boundaries = DocumentBoundaries.Of(Tokens.Value.Train, [.. checkpoint.Config.EosTokenIds]) };
    }

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
        // Pieces are cut between windows.
        if (data.Disk is { } share)
            (options["disk"], options["window"]) = (share, data.Sequence + 1);
        return options;
    }

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
            Seen = new(data.Disk is null ? null : SeenTexts.Bounded),
            Window = data.Sequence + 1,
        };
        var encoder = DocumentEncoder.Of(Tokenizer, vocabulary);
        var (sides, before) = (new List<CorpusSummary>(), 0L);
        if (!data.IsMixture)
            sides.Add(Corpus.Build(options with { Disk = data.Disk }, encoder, folder.Path, BytesRead(task), run.Stop));
        else
            foreach (var (number, source) in data.Sources.Index())
            {
                var one = options with
                {
                    Sources = [source.Path],
                    MaxTokens = source.Tokens,
                    MayHoldOutNone = true,
                    Disk = DiskOf(number),
                };
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
        if (sides.Sum(side => side.HeldOut?.Documents ?? 0) is > 0 and < FewHeldOut and var few)
            run.Progress.Note($"data: only {Units.Counted(few, "document")} held out, "
                + $"{Units.Counted(sides.Sum(side => side.HeldOut?.Tokens ?? 0), "token")}: the loss on so few says little about other text; "
                + "raise data.held-out, or evaluate on a text of its own as well");
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
        PieceIndex[] streamed = [.. TrainingFolders(folder.Path).Where(PieceIndex.IsIn).Select(PieceIndex.Read)];
        if (streamed.Length > 0)
            result["streamed"] = new JsonObject
            {
                ["pieces"] = streamed.Sum(index => index.Pieces.Count),
                ["piece_windows"] = new JsonArray([.. streamed.Select(index => (JsonNode)index.PieceWindows)]),
                ["disk_bytes"] = streamed.Sum(index => index.DiskBytes),
            };
        if (without.Length > 0)
            result["without_held_out"] = new JsonArray([.. without.Select(source => (JsonNode)source)]);
        return result;
    }

    protected override void Take(RunContext run, StageRecord record, string folder)
    {
        if (data.IsMixture)
        {
            Tokens.Value = OfMixture(run, record, folder);
            return;
        }

        var train = OpenTraining(run, 0, Path.Combine(folder, Corpus.TrainFolder), Source, $"data.train {Source.Description}");
        if (data.HeldOut == 0)
        {
            Tokens.Value = new(train, null, record.OutputHash, null, [(IDisposable)train]) { Streams = StreamsOf([train]) };
            return;
        }
        var heldOut = TokenStore.Open(Path.Combine(folder, Corpus.HeldOutFolder), vocabulary, $"the held-out part of {Source.Description}");
        Tokens.Value = new(train, heldOut, record.OutputHash, BytesPerToken(heldOut), [(IDisposable)train, heldOut])
        {
            Streams = StreamsOf([train]),
        };
    }

    /// <summary>Several sources: joined at whole windows, drawn by their weights; what is held out is evaluated on as one text.</summary>
    private TokenSets OfMixture(RunContext run, StageRecord record, string folder)
    {
        ITokens[] train = [.. data.Sources.Select((source, number) => OpenTraining(
            run, number, Path.Combine(PartOf(folder, number), Corpus.TrainFolder),
            DocumentSource.Parse([source.Path], data.Field, run.Folder.Owns), $"data.train {source.Path}"))];
        var joined = new JoinedTokens($"data.train {Source.Description}", train, data.Sequence + 1);
        // A source of few documents may have none that is held out.
        TokenStore[] heldOut = data.HeldOut == 0 ? []
            : [.. data.Sources.Select((source, number) => (source.Path, Store: Path.Combine(PartOf(folder, number), Corpus.HeldOutFolder)))
                .Where(part => Directory.Exists(part.Store))
                .Select(part => TokenStore.Open(part.Store, vocabulary, $"the held-out part of {part.Path}"))];
        var windows = joined.Counts.Select(count => count / (data.Sequence + 1)).ToArray();
        var mixture = new WindowMixture(windows, [.. data.Sources.Select(source => source.Weight ?? 1)],
            [.. train.Select((tokens, number) => tokens is StreamedTokens streamed ? streamed.Index.PieceWindows : windows[number])]);
        run.Progress.Note($"data: out of 1000 windows, {string.Join(", ", data.Sources.Select((source, number) =>
            $"{mixture.Thousandths[number]} come from {source.Path} ({Units.Count(train[number].Count)} tokens)"))}");
        return new(joined, heldOut.Length == 0 ? null : new JoinedTokens($"the held-out part of {Source.Description}", heldOut, 1),
            // Weights and the length of windows decide what is drawn, and are in no file of the stage.
            ContentHash.OfText($"{record.OutputHash} {data.Sequence} {string.Join(' ', data.Sources.Select(source =>
                (source.Weight ?? 1).ToString("R", CultureInfo.InvariantCulture)))}"),
            heldOut.Length == 0 ? null : (double)heldOut.Sum(store => store.Index.TextBytes) / heldOut.Sum(store => store.Count),
            [.. train.Cast<IDisposable>(), .. heldOut])
        {
            Mixture = mixture,
            Streams = StreamsOf(train),
            Boundaries = data.Documents == DocumentContext.Cross ? null
                : joined.Boundaries([.. train.Select(static tokens => DocumentBoundaries.Of(tokens, []))]),
        };
    }

    /// <summary>The training tokens of a source: a store, or what can be made of it in pieces.</summary>
    private ITokens OpenTraining(RunContext run, int number, string folder, DocumentSource source, string name)
    {
        if (!PieceIndex.IsIn(folder))
            return TokenStore.Open(folder, vocabulary, name);
        var stage = data.IsMixture ? Path.GetDirectoryName(Path.GetDirectoryName(folder)!)! : Path.GetDirectoryName(folder)!;
        var pieces = PieceSource.Open(
            folder, source, DocumentEncoder.Of(Tokenizer, vocabulary), Path.Combine(stage, RunLayout.Pieces)) with
        { Prefix = $"{number + 1}-" };
        var streamed = new StreamedTokens(pieces, name, vocabulary, run.Stop);
        var index = streamed.Index;
        run.Progress.Note($"{name}: {Units.Count(index.Count)} tokens in {index.Pieces.Count} pieces of {Units.Count(index.PieceWindows)} "
            + $"windows, prepared ahead of training and shuffled one at a time; {PieceIndexWriter.Held} of them use at most "
            + $"{Units.Bytes(index.DiskBytes)} of disk at once");
        return streamed;
    }

    private static StreamedTokens[] StreamsOf(IReadOnlyList<ITokens> train) => [.. train.OfType<StreamedTokens>()];

    /// <summary>A source's part of the disk's share: as much as it is of the training.</summary>
    private long? DiskOf(int number) => data.Disk is not { } share ? null
        : share / 1000 * WindowMixture.SlotsOf([.. data.Sources.Select(source => source.Weight ?? 1)])[number];

    private IEnumerable<string> TrainingFolders(string folder) => data.IsMixture
        ? data.Sources.Select((_, number) => Path.Combine(PartOf(folder, number), Corpus.TrainFolder))
        : [Path.Combine(folder, Corpus.TrainFolder)];

    private static string PartOf(string folder, int number) =>
        Path.Combine(folder, (number + 1).ToString(CultureInfo.InvariantCulture));

    /// <summary>
    /// Ids: whole windows from the front to train on, the last ones held out, as the share says (at least one each); with a share of 0 all
    /// ids are for training.
    /// </summary>
    private TokenSets OfIds(string spec, RunContext run)
    {
        var hash = run.Watch(new(() => [spec], () => HashOf(spec, data)));
        var all = TokenIds.Parse(spec, vocabulary);
        IReadOnlyList<IDisposable> owned = all is IDisposable closing ? [closing] : [];
        if (data.HeldOut == 0)
            return new(all, null, hash, null, owned);
        var (train, heldOut) = SplitOfIds(spec, all.Count, data);
        return new(new TokenRange(all, 0, train), new TokenRange(all, train, heldOut), hash, null, owned);
    }

    /// <summary>How many ids are for training and how many, after them, are held out.</summary>
    internal static (long Train, long HeldOut) SplitOfIds(string spec, long count, DataSection data)
    {
        var length = data.Sequence + 1;
        var windows = count / length;
        var heldOut = Math.Max(1, (long)Quantity.Part(data.HeldOut, windows));
        return windows - heldOut >= 1 ? ((windows - heldOut) * length, heldOut * length)
            : throw new EspalierException(
                $"{spec}: {Units.Counted(count, "id makes", "ids make")} {Units.Counted(windows, "window")} of {length}; at least one to "
                + "train on and one held out are needed");
    }

    /// <summary>What determines ids: the file, how much of it is held out, and windows.</summary>
    internal static string HashOf(string spec, DataSection data) =>
        ContentHash.OfText(string.Create(CultureInfo.InvariantCulture,
            $"{(File.Exists(spec) ? ContentHash.OfFile(spec) : spec)} {data.HeldOut:R} {data.Sequence}"));
}

using System.Text.Json.Nodes;
using Espalier.Compression.Data;
using Espalier.Compression.Training.Saving;
using Espalier.Files;
using Espalier.Models.Checkpoints;
using Espalier.Pipeline.Forecasts;
using Espalier.Pipeline.Options;
using Espalier.Pipeline.Recipes;
using Espalier.Pipeline.Runs;

namespace Espalier.Pipeline.Stages;

/// <summary>Training and held-out text to tokens; ids from a file are taken as they are.</summary>
/// <param name="data">What is read.</param>
/// <param name="model">Folder of the model whose tokenizer and end of documents it has.</param>
/// <param name="vocabulary">Ids are below it.</param>
internal sealed class DataStage(DataSection data, string model, int vocabulary) : EncodingStage(data.Train, data.Field, data.HeldOut, model)
{
    /// <inheritdoc/>
    public override string Name => "data";

    /// <inheritdoc/>
    public override bool HasFolder => data.Train is not [var single] || !DataSection.IsIds(single);

    /// <summary>The tokens; whoever runs the stage disposes them.</summary>
    public Slot<TokenSets> Tokens { get; } = new("the text");

    /// <summary>The held-out part, to evaluate on.</summary>
    public Slot<EvaluationText> HeldOut { get; } = new(EvaluationList.HeldOut);

    internal override StageForecast? Forecast() =>
        new(Name, $"{string.Join(", ", data.Train)} to windows of {data.Sequence} tokens, {data.HeldOut * 100:0.##} % held out", null, null,
            null, null);

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
        if (data.Documents == DocumentContext.Cross)
            return;
        using var checkpoint = Checkpoint.Open(Folder, requireWeights: false);
        Tokens.Value = Tokens.Value with { Boundaries = DocumentBoundaries.Of(Tokens.Value.Train, [.. checkpoint.Config.EosTokenIds]) };
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
        };
        var summary = Corpus.Build(options, DocumentEncoder.Of(Tokenizer, vocabulary), folder.Path, BytesRead(task), run.Stop);
        ReportSkips(run, "data", skips);
        return new()
        {
            ["train_tokens"] = summary.Train.Tokens,
            ["held_out_tokens"] = summary.HeldOut?.Tokens,
            ["train_documents"] = summary.Train.Documents,
            ["held_out_documents"] = summary.HeldOut?.Documents,
        };
    }

    /// <inheritdoc/>
    protected override void Take(RunContext run, StageRecord record, string folder)
    {
        var train = TokenStore.Open(Path.Combine(folder, Corpus.TrainFolder), vocabulary, $"data.train {Source.Description}");
        if (data.HeldOut == 0)
        {
            Tokens.Value = new(train, null, record.OutputHash, null, [train]);
            return;
        }
        var heldOut = TokenStore.Open(Path.Combine(folder, Corpus.HeldOutFolder), vocabulary, $"the held-out part of {Source.Description}");
        Tokens.Value = new(train, heldOut, record.OutputHash, BytesPerToken(heldOut), [train, heldOut]);
    }

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

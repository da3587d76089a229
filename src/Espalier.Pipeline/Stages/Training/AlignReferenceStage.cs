using System.Text.Json.Nodes;
using Espalier.Compression;
using Espalier.Compression.Alignment.Preferences;
using Espalier.Compression.Training.Saving;
using Espalier.Models;
using Espalier.Pipeline.Forecasts;
using Espalier.Pipeline.Runs;
using Espalier.Pipeline.Stages.Running;
using Espalier.Pipeline.Stages.Texts;

namespace Espalier.Pipeline.Stages.Training;

/// <summary>What the model says of all pairs before it is aligned: the reference of their loss, written once.</summary>
/// <param name="start">The model.</param>
/// <param name="data">The pairs.</param>
internal sealed class AlignReferenceStage(ModelSlot start, AlignDataStage data) : Stage
{
    private const string TrainName = "train", HeldOutName = "held-out";

    /// <inheritdoc/>
    public override string Name => "align-reference";

    /// <summary>The pairs to train on, with what the reference says.</summary>
    public Slot<PreferenceSet> Pairs { get; } = new("the reference");

    /// <summary>The pairs that are held out; null where none are.</summary>
    public PreferenceSet? HeldOutPairs { get; private set; }

    internal override StageForecast? Forecast() =>
        new(Name, "log-probabilities of all answers, by the model that is aligned", null, null, null,
            TrainingForecast.WeightBytes(start.Planned))
        { Model = ModelForecast.Of(start.Planned, 1) };

    /// <inheritdoc/>
    protected override bool JudgesArtefacts => true;

    /// <inheritdoc/>
    protected override JsonObject Options() => [];

    /// <inheritdoc/>
    protected override Dictionary<string, string> Inputs() => new() { ["start"] = start.Value.Hash, ["data"] = data.Tokens.Value.Hash };

    /// <inheritdoc/>
    protected override JsonObject? Work(RunContext run, StageFolder folder, SavedCheckpoint? checkpoint)
    {
        var train = Answers(folder.PathOf(TrainName), data.Pairs!, start.Value.Load, run.Progress, run.Stop);
        if (data.HeldOutPairs is { } heldOut)
            Answers(folder.PathOf(HeldOutName), heldOut, start.Value.Load, run.Progress, run.Stop);
        return new() { ["pairs"] = train.Count, ["mean_margin"] = train.Average(static answers => answers.Margin) };
    }

    /// <inheritdoc/>
    protected override void Take(RunContext run, StageRecord record, string folder)
    {
        Pairs.Value = Read(TrainName, data.Pairs!);
        HeldOutPairs = data.HeldOutPairs is { } heldOut ? Read(HeldOutName, heldOut) : null;

        PreferenceSet Read(string side, PreferenceSet set) =>
            set.With(Answers(Path.Combine(folder, side), set, start.Value.Load, NullProgress.Instance, run.Stop));
    }

    private static List<PairLogProbabilities> Answers(
        string folder, PreferenceSet set, Func<Decoder> model, IProgressReporter progress, CancellationToken stop) =>
        ReferenceAnswers.Take(folder, set, model, progress, stop);
}

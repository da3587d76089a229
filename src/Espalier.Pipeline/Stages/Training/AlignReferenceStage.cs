using Espalier.Compression.Alignment.Preferences;
using Espalier.Compression.Training.Saving;
using Espalier.Pipeline.Forecasts;
using Espalier.Pipeline.Runs;
using Espalier.Pipeline.Stages.Running;
using Espalier.Pipeline.Stages.Texts;

namespace Espalier.Pipeline.Stages.Training;

/// <summary>What the model says of all pairs before it is aligned: the reference of their loss, written once.</summary>
internal sealed class AlignReferenceStage(ModelSlot start, AlignDataStage data) : Stage
{
    private const string TrainName = "train", HeldOutName = "held-out";
    public override string Name => "align-reference";

    /// <summary>The pairs to train on, with what the reference says.</summary>
    public Slot<PreferenceSet> Pairs { get; } = new("the reference");

    /// <summary>The pairs that are held out; null where none are.</summary>
    public PreferenceSet? HeldOutPairs { get; private set; }

    internal override StageForecast? Forecast() =>
        new(Name, "log-probabilities of all answers under the model to align", null, null, null,
            TrainingForecast.WeightBytes(start.Planned))
        { Model = ModelForecast.Of(start.Planned, 1) };
    protected override bool JudgesArtefacts => true;
    protected override JsonObject Options() => [];
    protected override IEnumerable<(string Name, string Hash)> Inputs() => [("start", start.Value.Hash), ("data", data.Tokens.Value.Hash)];
    protected override JsonObject? Work(RunContext run, StageFolder folder, SavedCheckpoint? checkpoint)
    {
        var train = ReferenceAnswers.Take(folder.PathOf(TrainName), data.Pairs!, start.Value.Load, run.Progress, run.Stop);
        if (data.HeldOutPairs is { } heldOut)
            ReferenceAnswers.Take(folder.PathOf(HeldOutName), heldOut, start.Value.Load, run.Progress, run.Stop);
        return new() { ["pairs"] = train.Count, ["mean_margin"] = train.Average(static answers => answers.Margin) };
    }
    protected override void Take(RunContext run, StageRecord record, string folder)
    {
        Pairs.Value = Read(TrainName, data.Pairs!);
        HeldOutPairs = data.HeldOutPairs is { } heldOut ? Read(HeldOutName, heldOut) : null;

        PreferenceSet Read(string side, PreferenceSet set) =>
            set.With(ReferenceAnswers.Take(Path.Combine(folder, side), set, start.Value.Load, NullProgress.Instance, run.Stop));
    }
}

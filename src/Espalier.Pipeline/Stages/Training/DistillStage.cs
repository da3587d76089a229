using Espalier.Compression.Training.Schedules;
using Espalier.Pipeline.Forecasts;
using Espalier.Pipeline.Options;
using Espalier.Pipeline.Options.Training;
using Espalier.Pipeline.Stages.Running;

namespace Espalier.Pipeline.Stages.Training;

/// <summary>The student learns to give its teacher's distribution.</summary>
/// <param name="student">The student.</param>
/// <param name="result">The result's name in tables.</param>
/// <param name="teacher">The teacher; null where the loss needs none.</param>
/// <param name="section">How it trains.</param>
/// <param name="data">Tokens.</param>
/// <param name="sequence">Tokens of a window.</param>
/// <param name="seed">Seed of the order.</param>
internal sealed class DistillStage(ModelSlot student, string result, ModelSlot? teacher, TrainingSection section, Slot<TokenSets> data,
    int sequence, long seed)
    : TrainingStage(student, result, section, data, sequence, seed)
{
    public override string Name => "distill";

    /// <summary>The teacher's distributions, read in its stead; null where it is asked itself.</summary>
    public Slot<ModelFolder>? Cache { get; init; }

    /// <summary>How the teacher is corrected by the same loop (<see cref="CorrectMode.Parallel"/>); null where it stays as it is.</summary>
    public TrainingSection? Corrects { get; init; }

    /// <summary>Says when it runs whether the teacher needs that; null where it always does.</summary>
    public Func<bool>? CorrectsWhen { get; init; }

    /// <summary>The teacher as this loop corrected it.</summary>
    public ModelSlot? Corrected { get; } = teacher is null ? null : new("corrected teacher", teacher.Planned, ElementType.F32);

    /// <summary>Whose student the teacher is, in words for the forecast: <c>, from the run's teacher</c>.</summary>
    public string Whose { get; init; } = "";

    private protected override Slot<ModelFolder>? Teacher => Cache ?? teacher;

    private protected override TrainingSection? Correction => CorrectsWhen?.Invoke() ?? true ? Corrects : null;

    internal override StageForecast? Forecast()
    {
        var (config, source, tokens) = (Trained.Planned, teacher!.Planned, TrainingForecast.Tokens(Section, Sequence));
        var along = Corrects is null ? ""
            : $"; {(CorrectsWhen is null ? "" : "if needed, ")}the teacher learns the text at the same time, learning rate "
                + $"{Corrects.LearningRate:0.####e-0}";
        var passes = Corrects is not null ? 3 : HasTeacherLoaded ? 1 : 0;
        return new(Name, $"{Section.Loss}{(HasTeacherLoaded ? Whose : "")}: {TrainingForecast.Schedule(Section)}{along}", Section.Steps,
            tokens,
            (3 * config.ForwardFlopsPerToken(Sequence) + passes * source.ForwardFlopsPerToken(Sequence)) * tokens,
            TrainingForecast.Bytes(Section, config)
                + (Corrects is not null ? TrainingForecast.Bytes(Section.OfAllWeights, source)
                    : HasTeacherLoaded ? TrainingForecast.WeightBytes(source) : 0))
        { Model = ModelForecast.Of(config, Sequence) };
    }

    internal override IEnumerable<DiskForecast> Disk()
    {
        if (Corrects is not null)
            yield return new(Corrected!.Name, Corrected.Stored.Bytes() * Corrected.Planned.Parameters, Title);
        yield return new(
            StageForecast.TitleOf("checkpoints of distill", Cycle),
            TrainingForecast.CheckpointBytes(Section, Trained.Planned)
                + (Corrects is null ? 0 : TrainingForecast.CheckpointBytes(Section.OfAllWeights, teacher!.Planned)),
            Title);
    }
    protected override void Take(RunContext run, Runs.StageRecord record, string folder)
    {
        base.Take(run, record, folder);
        if (Correction is not null)
            Corrected!.Value = new(Corrected.Name, Path.Combine(folder, TeacherName),
                ContentHash.OfText($"{Trained.Value.Hash} {TeacherName}"));
    }

    private bool HasTeacherLoaded => Cache is null && Section.NeedsTeacher;
}

using Espalier.Pipeline.Forecasts;
using Espalier.Pipeline.Options;
using Espalier.Pipeline.Options.Training;
using Espalier.Pipeline.Stages.Running;

namespace Espalier.Pipeline.Stages.Training;

/// <summary>Teacher correction: the teacher learns the text that its student will be distilled on.</summary>
internal sealed class CorrectStage(ModelSlot teacher, TrainingSection section, Slot<TokenSets> data, int sequence, long seed)
    : TrainingStage(teacher, "corrected teacher", section, data, sequence, seed)
{
    public override string Name => "correct";

    internal override StageForecast? Forecast()
    {
        var (config, tokens) = (Trained.Planned, TrainingForecast.Tokens(Section, Sequence));
        return new(Name, $"{(When is null ? "" : "if needed, ")}the teacher learns the text: {TrainingForecast.Schedule(Section)}",
            Section.Steps, tokens,
            3 * config.ForwardFlopsPerToken(Sequence) * tokens, TrainingForecast.Bytes(Section, config))
        { Model = ModelForecast.Of(config, Sequence) };
    }

    internal override IEnumerable<DiskForecast> Disk() =>
        [.. base.Disk(), new(Trained.Name, Trained.Stored.Bytes() * Trained.Planned.Parameters, Title)];
}

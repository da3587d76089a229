using Espalier.Pipeline.Forecasts;
using Espalier.Pipeline.Runs;

namespace Espalier.Pipeline.Planning;

internal sealed partial class RecipeStages
{
    /// <summary>What the stages will do and cost; evaluations are one line.</summary>
    public IReadOnlyList<StageForecast> Forecasts()
    {
        var forecasts = _stages.Select(stage => stage.Planned()).OfType<StageForecast>().ToList();
        var last = _recipe.Export.Count > 0 ? forecasts.Count - 1 : forecasts.Count;
        if (_recipe.Tasks.Count > 0)
            forecasts.Insert(last, Asked());
        if (_recipe.Evaluate.Count > 0)
            forecasts.Insert(last, Evaluated());
        return forecasts;
    }

    /// <summary>The stages that a run counts.</summary>
    public IEnumerable<PlannedStage> Counted() =>
        _stages.Where(stage => stage.HasFolder).Select(stage => new PlannedStage(Evaluation.Arm, stage.Name, stage.Cycle, stage.Round));

    private StageForecast Asked() => new("benchmarks",
        $"teacher, pruned student{(_recipe.Distill is null ? "" : ", distilled student")}"
            + $"{(_recipe.Align.Count == 0 ? "" : ", aligned student")} on "
            + string.Join("; ", Evaluation.Tasks.Select(task => task.Size)), null, null, null,
            TrainingForecast.WeightBytes(Teacher.Planned))
    { Model = ModelForecast.Of(Teacher.Planned, _sequence) };

    private StageForecast Evaluated()
    {
        var models =
            $"teacher{(_recipe.Correct is null ? "" : ", corrected teacher")}, pruned student"
                + $"{(_recipe.Distill is null ? "" : ", distilled student")}{(_recipe.Align.Count == 0 ? "" : ", aligned student")}"
                + $"{(Cycles.Count > 1 ? " of each cycle" : "")}";
        return new("evaluate",
            $"{models} on {string.Join(", ", _recipe.Evaluate.Select(set => set.Name))}; each continues a few openings", null, null,
            null, TrainingForecast.WeightBytes(Teacher.Planned))
        { Model = ModelForecast.Of(Teacher.Planned, _sequence) };
    }
}

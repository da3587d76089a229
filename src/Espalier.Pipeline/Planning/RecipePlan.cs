using Espalier.Models.Checkpoints;
using Espalier.Pipeline.Checks;
using Espalier.Pipeline.Forecasts;
using Espalier.Pipeline.Recipes;

namespace Espalier.Pipeline.Planning;

/// <summary>A dry run: what a recipe will do and cost, from the teacher's <c>config.json</c> alone. No weight is read.</summary>
internal sealed record RecipePlan
{
    public required string TeacherFolder { get; init; }

    /// <summary>Whether weights lie in it; without them the recipe can be planned and not run.</summary>
    public required bool TeacherHasWeights { get; init; }

    public required ModelForecast Teacher { get; init; }

    public required ModelForecast Student { get; init; }

    /// <summary>
    /// All weights that the student may have where layers of several kinds are ranked together; null where <see cref="Student"/> says it.
    /// </summary>
    public ParameterRange? StudentRange { get; init; }

    /// <summary>What a search has to choose from; null without one. <see cref="Student"/> is then its largest shape.</summary>
    public SearchPlan? Search { get; init; }

    /// <summary>Student's over teacher's non-embedding parameters.</summary>
    public required double NonEmbeddingKept { get; init; }

    public required IReadOnlyList<StageForecast> Stages { get; init; }

    /// <summary>Tokens through a model in all stages where that is known beforehand.</summary>
    public required long Tokens { get; init; }

    /// <summary>Floating-point operations of these.</summary>
    public required double Flops { get; init; }

    /// <summary>What will be written, in bytes.</summary>
    public required IReadOnlyList<DiskForecast> Disk { get; init; }

    /// <summary>The sum of these: the most that the run holds at a time.</summary>
    public required long DiskBytes { get; init; }

    /// <summary>Estimated times: on this machine, where its speed was given, and on named GPUs.</summary>
    public required IReadOnlyList<TimeForecast> Times { get; init; }

    /// <summary>What to think about before starting.</summary>
    public required IReadOnlyList<string> Warnings { get; init; }

    /// <summary>Legal shapes near the student's, one size changed.</summary>
    public required IReadOnlyList<ShapeNeighbour> Neighbours { get; init; }

    /// <summary>Plans a recipe.</summary>
    /// <param name="recipe">The recipe, its paths located (<see cref="RecipeFile.Read"/>).</param>
    /// <param name="gflopsHere">
    /// Measured speed of a large float32 matrix product on this machine in GFLOP/s; null leaves this machine out of the times.
    /// </param>
    /// <exception cref="RecipeRefusedException">What <c>compress</c> would refuse, all of it: see <c>docs/recipe.md</c>.</exception>
    public static RecipePlan Of(Recipe recipe, double? gflopsHere = null) =>
        Of(recipe, gflopsHere is { } gflops ? _ => DeviceSpeed.FromProduct(gflops) : null);

    /// <summary>Plans a recipe.</summary>
    /// <param name="recipe">The recipe, its paths located (<see cref="RecipeFile.Read"/>).</param>
    /// <param name="here">
    /// Finds out how fast this machine is at the student's shape; null, or null as its answer, leaves this machine out of the times.
    /// </param>
    /// <exception cref="RecipeRefusedException">What <c>compress</c> would refuse, all of it: see <c>docs/recipe.md</c>.</exception>
    public static RecipePlan Of(Recipe recipe, Func<DecoderConfig, DeviceSpeed?>? here)
    {
        var checks = RecipeChecks.OfPlan(recipe);
        if (checks.Problems.Count > 0)
            throw new RecipeRefusedException(checks.Problems);
        using var checkpoint = Checkpoint.Open(recipe.Teacher, requireWeights: false);
        var teacher = checkpoint.Config;
        var search = recipe.Search is null ? null : SearchPlan.Of(recipe, checkpoint, gflops: null);
        var list = RecipeStages.ToPlan(recipe, checkpoint, search);
        var (stages, student, hasWeights) = (list.Forecasts(), list.Cycles[^1].To, CheckpointFolder.HasWeights(recipe.Teacher));
        DiskForecast[] disk = [.. list.All.SelectMany(stage => stage.Disk())];
        var (teacherForecast, studentForecast) =
            (ModelForecast.Of(teacher, recipe.Data.Sequence), ModelForecast.Of(student, recipe.Data.Sequence));
        var flops = stages.Sum(stage => stage.Flops ?? 0);
        return new()
        {
            TeacherFolder = recipe.Teacher,
            TeacherHasWeights = hasWeights,
            Teacher = teacherForecast,
            Student = studentForecast,
            StudentRange = ParameterRange.Of(list.Cycles[^1].Rounds[^1].From, student, list.Cycles[^1].Rounds[^1].Section),
            Search = search,
            NonEmbeddingKept = (double)student.NonEmbeddingParameters / teacher.NonEmbeddingParameters,
            Stages = stages,
            Tokens = stages.Sum(stage => stage.Tokens ?? 0),
            Flops = flops,
            Disk = disk,
            DiskBytes = disk.Sum(file => file.Bytes),
            Times = TimeForecast.Of(stages, here?.Invoke(student)),
            Warnings = PlanWarnings.Of(recipe, hasWeights, checkpoint, list.Cycles, checks.Unchecked),
            Neighbours = ShapeNeighbour.Of(teacher, student),
        };
    }
}

using Espalier.Pipeline.Recipes;
using Espalier.Pipeline.Runs.Results;
using Espalier.Pipeline.Stages.Running;

namespace Espalier.Reports.Runs;

/// <summary>One model of a recipe over several seeds. A model that several recipes share, such as the teacher, stands once.</summary>
/// <param name="Arm">The recipe's name; those of all that share the model, or <c>all</c>.</param>
/// <param name="Model">teacher, corrected teacher, pruned, student.</param>
/// <param name="Set">The text.</param>
/// <param name="Nll">Mean over the seeds, nats per token.</param>
/// <param name="NllSd">
/// Standard deviation over the seeds, how far apart two runs are by chance; null for a model that no seed touches.
/// </param>
/// <param name="Seeds">Over how many different models the mean is: 1 for a model that no seed touches.</param>
internal sealed record SeedSummary(string Arm, string Model, string Set, double Nll, double? NllSd, int Seeds)
{
    private const string Mark = "-seed-";

    /// <summary>The name of a recipe's run with a seed.</summary>
    public static string NameOf(string recipe, long seed) => $"{recipe}{Mark}{seed}";

    /// <summary>Recipe and seed of a run; without a seed where it has the recipe's own.</summary>
    public static (string Recipe, string? Seed) Split(string arm)
    {
        var at = arm.LastIndexOf(Mark, StringComparison.Ordinal);
        return at > 0 && arm[(at + Mark.Length)..] is { Length: > 0 } seed && seed.All(char.IsAsciiDigit) ? (arm[..at], seed) : (arm, null);
    }

    /// <summary>Reads 1,2,3.</summary>
    /// <exception cref="EspalierException">Not a list of different whole numbers.</exception>
    public static long[] Parse(string text)
    {
        long[] seeds = [.. text.Split(',', StringSplitOptions.TrimEntries).Select(part =>
            long.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out var seed)
                ? seed
                : throw new EspalierException($"--seeds is '{text}': '{part}' is not a whole number from 0; write 1,2,3"))];
        return seeds.Distinct().Count() == seeds.Length ? seeds
            : throw new EspalierException($"--seeds is '{text}': a seed appears twice");
    }

    /// <summary>Means and spreads; none where no recipe ran with several seeds.</summary>
    public static IReadOnlyList<SeedSummary> Of(IEnumerable<ModelRow> rows)
    {
        var measured =
            from row in rows
            let arm = Split(row.Arm)
            where arm.Seed is not null
            from evaluation in row.Evaluations
                // Equal contents on the same texts share their evaluation, under whatever path they lie.
            select (arm.Recipe, row.Model, evaluation.Set, Of: row.Stage ?? row.Path, evaluation.Nll);
        var runs = measured.GroupBy(one => (one.Recipe, one.Model, one.Set)).Where(seeds => seeds.Count() > 1)
            .Select(seeds => (seeds.Key, Different: seeds.DistinctBy(one => one.Of).ToArray())).ToArray();
        var recipes = runs.Select(run => run.Key.Recipe).Distinct().Count();
        return
        [
            .. runs.GroupBy(run => (run.Key.Model, run.Key.Set, Of: string.Join('\n', run.Different.Select(one => one.Of))))
                .Select(shared =>
                    Row(NameOf([.. shared.Select(run => run.Key.Recipe)], recipes), shared.Key.Model, shared.Key.Set,
                        [.. shared.First().Different.Select(one => one.Nll)])),
        ];
    }

    private static string NameOf(string[] recipes, int all) =>
        recipes.Length > 1 && recipes.Length == all ? "all" : string.Join(", ", recipes);

    private static SeedSummary Row(string arm, string model, string set, double[] losses)
    {
        var mean = losses.Average();
        return new(arm, model, set, mean, losses.Length < 2 ? null
            : Math.Sqrt(losses.Sum(nll => (nll - mean) * (nll - mean)) / (losses.Length - 1)), losses.Length);
    }
}

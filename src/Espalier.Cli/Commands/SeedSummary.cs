using System.Globalization;
using Espalier.Compression.Recipes;

namespace Espalier.Cli.Commands;

/// <summary>One model of a recipe over several seeds.</summary>
/// <param name="Arm">The recipe's name.</param>
/// <param name="Model">teacher, corrected teacher, pruned, student.</param>
/// <param name="Set">The text.</param>
/// <param name="Nll">Mean over the seeds, nats a token.</param>
/// <param name="NllSd">Standard deviation over the seeds; how far apart two runs are by chance.</param>
/// <param name="Seeds">How many.</param>
internal sealed record SeedSummary(string Arm, string Model, string Set, double Nll, double NllSd, int Seeds)
{
    private const string Mark = "-seed-";

    /// <summary>The name of a recipe's run with a seed.</summary>
    internal static string NameOf(string recipe, long seed) => $"{recipe}{Mark}{seed}";

    /// <summary>Reads 1,2,3.</summary>
    /// <exception cref="EspalierException">Not a list of different whole numbers.</exception>
    internal static long[] Parse(string text)
    {
        long[] seeds = [.. text.Split(',', StringSplitOptions.TrimEntries).Select(part =>
            long.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out var seed)
                ? seed
                : throw new EspalierException($"--seeds is '{text}': '{part}' is no whole number from 0; write 1,2,3"))];
        return seeds.Distinct().Count() == seeds.Length ? seeds : throw new EspalierException($"--seeds is '{text}': a seed is there twice");
    }

    /// <summary>Means and spreads; none where no recipe ran with several seeds.</summary>
    internal static IReadOnlyList<SeedSummary> Of(IEnumerable<ModelRow> rows) =>
    [
        .. from row in rows
           let at = row.Arm.LastIndexOf(Mark, StringComparison.Ordinal)
           where at > 0
           from evaluation in row.Evaluations
           group evaluation.Nll by (Arm: row.Arm[..at], row.Model, evaluation.Set) into runs
           where runs.Count() > 1
           let mean = runs.Average()
           select new SeedSummary(runs.Key.Arm, runs.Key.Model, runs.Key.Set, mean,
               Math.Sqrt(runs.Sum(nll => (nll - mean) * (nll - mean)) / (runs.Count() - 1)), runs.Count()),
    ];
}

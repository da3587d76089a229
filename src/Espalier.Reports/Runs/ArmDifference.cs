using Espalier.Compression.Evaluation;
using Espalier.Pipeline.Recipes;
using Espalier.Pipeline.Runs;
using Espalier.Pipeline.Runs.Folders;
using Espalier.Pipeline.Runs.Results;
using Espalier.Pipeline.Stages.Evaluation;
using Espalier.Pipeline.Stages.Running;

namespace Espalier.Reports.Runs;

/// <summary>How far the student of one recipe is from that of another on a text, with a 95 % confidence interval.</summary>
/// <param name="Arm">The recipe's name.</param>
/// <param name="Against">The other's.</param>
/// <param name="Set">The text.</param>
/// <param name="Nll">Its loss less the other's, nats per token: below 0 it is better.</param>
/// <param name="Lower">Lower end of the interval.</param>
/// <param name="Upper">Upper end.</param>
/// <param name="Over">
/// What is paired: <c>seeds</c>, which says how another run would come out, or with one seed <c>windows</c>, which says how another text of
/// the kind would.
/// </param>
/// <param name="Pairs">How many pairs.</param>
internal sealed record ArmDifference(string Arm, string Against, string Set, double Nll, double Lower, double Upper, string Over, int Pairs)
{
    /// <summary>All pairs of recipes, each against those before it. Losses on different windows are not compared.</summary>
    public static IReadOnlyList<ArmDifference> Of(IReadOnlyList<CompressResult> results)
    {
        var recipes = results.Where(result => result.Rows.Any(row => row.Model == "student")).Select(Student.Of)
            .GroupBy(student => student.Recipe).Select(group => group.ToArray()).ToArray();
        var known = new Known();
        return
        [
            .. from first in recipes.Index()
               from second in recipes.Skip(first.Index + 1)
               from set in first.Item[0].Row.Evaluations.Select(evaluation => evaluation.Set)
               let difference = Of(second, first.Item, set, known)
               where difference is not null
               select difference,
        ];
    }

    private static ArmDifference? Of(Student[] own, Student[] other, string set, Known known)
    {
        var pairs = (own.Length == 1 && other.Length == 1 ? [(own[0], other[0])]
            : own.Join(other, student => student.Seed, student => student.Seed, (one, two) => (one, two))).Where(pair =>
            SeeTheSame(pair.Item1, pair.Item2, set, known))
            // Seeds that nothing drew on are one run.
            .DistinctBy(pair => (pair.Item1.Identity, pair.Item2.Identity)).ToArray();
        if (pairs.Length == 0)
            return null;
        var interval = pairs.Length > 1
            ? PairedInterval.Of([.. pairs.Select(pair => pair.Item1.Loss(set)!.Nll)], [.. pairs.Select(pair => pair.Item2.Loss(set)!.Nll)])
            : OverWindows(known.Of(pairs[0].Item1).Windows?.GetValueOrDefault(set),
                known.Of(pairs[0].Item2).Windows?.GetValueOrDefault(set));
        return interval is null ? null
            : new(own[0].Recipe, other[0].Recipe, set, interval.Mean, interval.Lower, interval.Upper, pairs.Length > 1 ? "seeds"
                : "windows", interval.Pairs);
    }

    private static PairedInterval? OverWindows(double[]? own, double[]? other) =>
        own is { Length: > 1 } && other?.Length == own.Length ? PairedInterval.Of(own, other) : null;

    /// <summary>Whether two students were asked about the same windows of the same text; believed where no record says otherwise.</summary>
    private static bool SeeTheSame(Student one, Student two, string set, Known known)
    {
        if (one.Loss(set) is not { } own || two.Loss(set) is not { } other || own.Tokens != other.Tokens)
            return false;
        if (known.Of(one).Record is not { } first || known.Of(two).Record is not { } second)
            return true;
        return TextNames.WindowsOf(first, set) == TextNames.WindowsOf(second, set);
    }

    private sealed record Student(string Recipe, string? Seed, ModelRow Row, string Output)
    {
        public static Student Of(CompressResult result)
        {
            var (recipe, seed) = SeedSummary.Split(result.Arm);
            return new(recipe, seed, result.Rows.Last(row => row.Model == "student"), result.Output);
        }

        /// <summary>Equal contents on the same texts share their evaluation, under whatever path they lie.</summary>
        public string Identity => Row.Stage ?? Row.Path;

        public EvaluationRow? Loss(string set) => Row.Evaluations.FirstOrDefault(evaluation => evaluation.Set == set);
    }

    /// <summary>
    /// Records of evaluations, read once. Nothing where they are gone or damaged: the difference is then left out, not the report.
    /// </summary>
    private sealed class Known
    {
        private readonly Dictionary<string, (StageRecord? Record, IReadOnlyDictionary<string, double[]>? Windows)> _read = [];

        public (StageRecord? Record, IReadOnlyDictionary<string, double[]>? Windows) Of(Student student)
        {
            if (student.Row.Stage is not { } stage)
                return (null, null);
            var folder = RunLayout.StageOf(student.Output, stage);
            if (!_read.TryGetValue(folder, out var read))
                _read[folder] = read = Read(folder);
            return read;
        }

        private static (StageRecord?, IReadOnlyDictionary<string, double[]>?) Read(string folder)
        {
            try
            {
                return (StageRecord.Read(folder), EvaluateStage.LossesOf(folder));
            }
            catch (Exception error) when (error is EspalierException or IOException or UnauthorizedAccessException or JsonException)
            {
                return (null, null);
            }
        }
    }
}

using Espalier.Compression.Evaluation;
using Espalier.Pipeline.Runs.Results;

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
        var known = new KnownLosses();
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

    private static ArmDifference? Of(Student[] own, Student[] other, string set, KnownLosses known)
    {
        var pairs = (own.Length == 1 && other.Length == 1 ? [(own[0], other[0])]
            : own.Join(other, student => student.Seed, student => student.Seed, (one, two) => (one, two))).Where(pair =>
            known.AreOfTheSame(pair.Item1.Model, pair.Item2.Model, set))
            // Seeds that nothing drew on are one run.
            .DistinctBy(pair => (pair.Item1.Identity, pair.Item2.Identity)).ToArray();
        if (pairs.Length == 0)
            return null;
        var interval = pairs.Length > 1
            ? PairedInterval.Of([.. pairs.Select(pair => pair.Item1.Loss(set)!.Nll)], [.. pairs.Select(pair => pair.Item2.Loss(set)!.Nll)])
            : known.OverWindows(pairs[0].Item1.Model, pairs[0].Item2.Model, set);
        return interval is null ? null
            : new(own[0].Recipe, other[0].Recipe, set, interval.Mean, interval.Lower, interval.Upper, pairs.Length > 1 ? "seeds"
                : "windows", interval.Pairs);
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

        public (ModelRow Row, string Output) Model => (Row, Output);

        public EvaluationRow? Loss(string set) => KnownLosses.LossOf(Row, set);
    }
}

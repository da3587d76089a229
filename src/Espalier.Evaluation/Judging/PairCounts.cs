using Espalier.Evaluation.Statistics;

namespace Espalier.Evaluation.Judging;

/// <summary>How often a model's answers are the better ones, beside those of the model that it is compared with.</summary>
/// <param name="Wins">Answers that are better.</param>
/// <param name="Losses">Answers that are worse.</param>
/// <param name="Ties">Answers that are neither, those among them whose two orders do not agree.</param>
/// <param name="Unjudged">Answers without a verdict in one order or both; they count for nothing.</param>
internal sealed record PairCounts(int Wins, int Losses, int Ties, int Unjudged)
{
    /// <summary>Wins, and half of the ties, of all that have a verdict; null where none has (FastChat's adjusted rate).</summary>
    public double? WinRate => Wins + Losses + Ties is > 0 and var all ? (Wins + 0.5 * Ties) / all : null;

    /// <summary>How sure that is; null where no two questions have a verdict.</summary>
    public PairRate? Rate { get; init; }

    /// <summary>Counts verdicts, in which the model is the first.</summary>
    /// <param name="questions">Those of each question, whose turns are no samples of their own.</param>
    public static PairCounts Of(IEnumerable<IReadOnlyList<PairWinner?>> questions)
    {
        PairWinner?[][] all = [.. questions.Select(turns => turns.ToArray())];
        int Count(PairWinner? wanted) => all.Sum(turns => turns.Count(verdict => verdict == wanted));
        return new(Count(PairWinner.First), Count(PairWinner.Second), Count(PairWinner.Tie), Count(null)) { Rate = PairRate.Of(all) };
    }
}

/// <summary>How sure a rate of wins is, questions taken as the independent samples.</summary>
/// <param name="Lower">Lower end of the 95 % interval (<see cref="PairedBootstrap"/>).</param>
/// <param name="Upper">Upper end.</param>
/// <param name="Probability">Of a rate at least so far from a half between equally good models (<see cref="PairedPermutation"/>).</param>
internal sealed record PairRate(double Lower, double Upper, double Probability)
{
    internal static PairRate? Of(IEnumerable<PairWinner?[]> questions)
    {
        PairWinner[][] judged = [.. questions.Select(turns => turns.OfType<PairWinner>().ToArray()).Where(turns => turns.Length > 0)];
        if (judged.Length < 2)
            return null;
        double[] own = [.. judged.Select(turns =>
            turns.Average(verdict => verdict switch { PairWinner.First => 1.0, PairWinner.Second => 0.0, _ => 0.5 }))];
        double[] others = [.. own.Select(rate => 1 - rate)], turns = [.. judged.Select(of => (double)of.Length)];
        // The one's wins are the other's losses: half of what is between them is what is above one half.
        var drawn = PairedBootstrap.Of(own, others, turns, static mean => mean);
        return new((1 + drawn.Lower) / 2, (1 + drawn.Upper) / 2,
            PairedPermutation.Probability(own, others, turns));
    }
}

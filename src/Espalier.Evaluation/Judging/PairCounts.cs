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

    /// <summary>Counts verdicts, in which the model is the first.</summary>
    public static PairCounts Of(IReadOnlyList<PairWinner?> verdicts) => new(
        verdicts.Count(verdict => verdict == PairWinner.First), verdicts.Count(verdict => verdict == PairWinner.Second),
        verdicts.Count(verdict => verdict == PairWinner.Tie), verdicts.Count(verdict => verdict is null));
}

using Espalier.Compression.Evaluation;

namespace Espalier.Compression.Search;

/// <summary>Why a search ended.</summary>
public enum HalvingEnd
{
    /// <summary>Two consecutive rungs put the survivors in the same order, by more than their standard errors.</summary>
    Stable,

    /// <summary>All rungs were used.</summary>
    RungsUsedUp,

    /// <summary>There was one candidate alone, or one whose losses were finite, or none.</summary>
    OneAlone,
}

/// <summary>A candidate's losses on one text, or on one task.</summary>
/// <param name="Text">The text's name, or the task's.</param>
/// <param name="Nll">Mean, nats per token; of a task the mean of what candidates are ordered by there.</param>
/// <param name="StandardError">Its standard error over windows or documents.</param>
/// <param name="Windows">The windows' means, or the documents' losses, for paired comparison.</param>
internal sealed record TextLoss(string Text, double Nll, double StandardError, IReadOnlyList<double> Windows)
{
    /// <summary>The metric that a task also shows; null for texts.</summary>
    public TaskScore? Score { get; init; }
}

/// <summary>What a candidate scores by a task's metric, to be shown: it is not ordered by this.</summary>
/// <param name="Value">The score.</param>
/// <param name="StandardError">Its standard error over documents.</param>
internal sealed record TaskScore(string Metric, double Value, double? StandardError);

/// <summary>What a rung found.</summary>
/// <param name="Steps">Optimizer steps of each, from the beginning.</param>
/// <param name="Order">The candidates that reached it, by number, best first.</param>
/// <param name="Losses">Theirs, in the same order, on every text and task; the held-out text first.</param>
internal sealed record HalvingRung(long Steps, IReadOnlyList<int> Order, IReadOnlyList<IReadOnlyList<TextLoss>> Losses)
{
    /// <summary>How many have finite losses; the others come last in the order, and go no further.</summary>
    public int Sound => Losses.Count(Halving.AreFinite);
}

/// <summary>What successive halving found.</summary>
/// <param name="Rungs">The rungs that were used.</param>
/// <param name="End">Why it ended.</param>
internal sealed record HalvingResult(IReadOnlyList<HalvingRung> Rungs, HalvingEnd End)
{
    /// <summary>The chosen candidate's number.</summary>
    public int Best => Order[0];

    /// <summary>All candidates, best first: who came further is before who did not, and losses that are not finite come last.</summary>
    public IReadOnlyList<int> Order => [.. Rungs.Reverse().SelectMany(rung => rung.Order).Distinct()
        .OrderBy(candidate => Rungs.Any(rung => rung.Order.Skip(rung.Sound).Contains(candidate)))];
}

/// <summary>
/// Successive halving (arXiv 1502.07943): all candidates are trained to the first rung, the better half of them goes on to the next, and
/// never fewer than two. It ends early when the survivors' order no longer moves: the same in two rungs in a row (Kendall's τ = 1), and on
/// every text and task the loss of each further from the next one's than the standard error of that difference.
/// </summary>
internal static class Halving
{
    /// <summary>Runs to its end.</summary>
    /// <param name="rungs">Steps from the beginning, ascending.</param>
    /// <param name="evaluate">A candidate's losses at a rung, given both numbers; called once for each, rung by rung.</param>
    public static HalvingResult Run(int candidates, IReadOnlyList<long> rungs, Func<int, int, IReadOnlyList<TextLoss>> evaluate)
    {
        if (candidates < 1 || rungs.Count < 1)
            throw new ArgumentException($"{candidates} candidates and {rungs.Count} rungs", nameof(candidates));
        var done = new List<HalvingRung>();
        IReadOnlyList<int> left = [.. Enumerable.Range(0, candidates)];
        for (var rung = 0; ; rung++)
        {
            var at = rung;
            var losses = left.ToDictionary(candidate => candidate, candidate => evaluate(candidate, at));
            var order = Order(left, losses);
            done.Add(new(rungs[rung], order, [.. order.Select(candidate => losses[candidate])]));
            if (done[^1].Sound < 2)
                return new(done, HalvingEnd.OneAlone);
            if (rung > 0 && order.SequenceEqual(left) && AreApart(done[^1]))
                return new(done, HalvingEnd.Stable);
            if (rung == rungs.Count - 1)
                return new(done, HalvingEnd.RungsUsedUp);
            // In the order of this rung, which the next one is compared with. Of one alone nobody could say whether its place is stable.
            left = [.. order.Take(Math.Min(Kept(order.Length), done[^1].Sound))];
        }
    }

    /// <summary>How many candidates reach each rung, without end.</summary>
    public static IEnumerable<int> Sizes(int candidates)
    {
        for (var count = candidates; count > 1; count = Kept(count))
            yield return count;
        if (candidates == 1)
            yield return 1;
    }

    private static int Kept(int candidates) => Math.Max(2, (candidates + 1) / 2);

    /// <summary>
    /// Places on each text and task, from 1, of equal ones the mean: what the order is the mean of. What is not finite is last.
    /// [text][candidate].
    /// </summary>
    /// <param name="losses">Of each candidate, on every text and task.</param>
    public static double[][] Places(IReadOnlyList<IReadOnlyList<TextLoss>> losses) => [.. Enumerable.Range(0, losses[0].Count)
        .Select(text => RankCorrelation.Ranks([.. losses.Select(candidate => OrLast(candidate[text].Nll))])
            .Select(rank => rank + 1).ToArray())];

    /// <summary>Whether a candidate's losses can be compared.</summary>
    public static bool AreFinite(IReadOnlyList<TextLoss> losses) => losses.All(loss => double.IsFinite(loss.Nll));

    /// <summary>A loss to be sorted by: NaN would come first.</summary>
    public static double OrLast(double loss) => double.IsFinite(loss) ? loss : double.PositiveInfinity;

    /// <summary>By the mean of the ranks on all texts and tasks, then by held-out loss, then as they were.</summary>
    private static int[] Order(IReadOnlyList<int> candidates, Dictionary<int, IReadOnlyList<TextLoss>> losses)
    {
        var ranks = Places([.. candidates.Select(candidate => losses[candidate])]);
        return [.. Enumerable.Range(0, candidates.Count).OrderBy(i => !AreFinite(losses[candidates[i]]))
            .ThenBy(i => ranks.Average(text => text[i]))
            .ThenBy(i => losses[candidates[i]][0].Nll).ThenBy(i => i).Select(i => candidates[i])];
    }

    private static bool AreApart(HalvingRung rung)
    {
        for (var i = 1; i < rung.Sound; i++)
            foreach (var (worse, better) in rung.Losses[i].Zip(rung.Losses[i - 1]))
            {
                var difference = PairedDifference.Of(worse.Windows, better.Windows);
                if (difference.StandardError is not { } error || Math.Abs(difference.Mean) <= error)
                    return false;
            }
        return true;
    }

    /// <summary>The end in a sentence.</summary>
    public static string Why(HalvingResult result)
    {
        var steps = string.Create(CultureInfo.InvariantCulture, $"{result.Rungs[^1].Steps}");
        return result.End switch
        {
            HalvingEnd.Stable =>
                $"ended at {steps} steps: the order of the {result.Rungs[^1].Order.Count} survivors was that of the rung before, by more "
                    + "than the standard errors of their differences",
            HalvingEnd.OneAlone when result.Rungs[^1].Sound == 0 =>
                $"ended at {steps} steps: no candidate that came so far has a finite loss",
            HalvingEnd.OneAlone => $"ended at {steps} steps: there was nothing to compare the one candidate with",
            _ => $"ended at {steps} steps: all rungs were used, and the order of the last survivors may still move",
        };
    }
}

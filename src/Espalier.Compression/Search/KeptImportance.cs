using Espalier.Compression.Importance;
using Espalier.Compression.Importance.Depth;
using Espalier.Compression.Search.Constraints;

namespace Espalier.Compression.Search;

/// <summary>
/// A candidate's promise before anything is computed on it: the product of the shares of importance that its best channels, heads and
/// neurons hold and of the block influence that its layers hold. A look into sums made once, so that a million candidates are ordered in a
/// moment.
/// </summary>
internal sealed class KeptImportance
{
    private readonly DecoderConfig _teacher;
    private readonly (Axis Axis, int Choices, double[] Shares)[] _axes;

    /// <summary>Sums the scores.</summary>
    /// <param name="scores">Its scores, with block influence of single layers, and of spans where a contiguous one may go.</param>
    /// <param name="depth">Which layers go.</param>
    public KeptImportance(DecoderConfig teacher, ImportanceScores scores, DepthChoice depth)
    {
        _teacher = teacher;
        // Widths first, layers last: another order rounds otherwise.
        _axes = [.. Axis.All.OrderBy(axis => axis.IsWidth ? 0 : axis == Axis.Layers ? 2 : 1)
            .Where(axis => axis == Axis.Layers || scores.Units[axis] is not null)
            .Select(axis => (axis, axis.Of(teacher) / ChoiceOf(axis), axis == Axis.Layers ? LayerShares(teacher.Layers, scores, depth)
                : Mean([.. scores.Units[axis]!.SelectMany(row => row.Chunk(ChoiceOf(axis))).Select(units => Shares(units))])))];
    }

    /// <summary>The share kept, above 0 and at most 1.</summary>
    public double Of(Candidate candidate)
    {
        var kept = 1.0;
        foreach (var (axis, choices, shares) in _axes)
            kept *= shares[axis.Of(candidate.Shape) / choices];
        return kept;
    }

    /// <summary>
    /// Units among which some are chosen: those of a group, which go inside it, but all where each is a group of its own and goes with it.
    /// </summary>
    private int ChoiceOf(Axis axis) => axis.GroupSizeOf(_teacher) is > 1 and var size ? size : axis.Of(_teacher);

    /// <summary>The best of many, best first, holding no more than are asked for; ties to the earlier one.</summary>
    public IReadOnlyList<Candidate> Best(IEnumerable<Candidate> candidates, int count)
    {
        var order =
            Comparer<(double Share, long Place)>.Create((a, b) => a.Share != b.Share ? a.Share.CompareTo(b.Share)
                : b.Place.CompareTo(a.Place));
        var best = new PriorityQueue<Candidate, (double Share, long Place)>(order);
        var place = 0L;
        foreach (var candidate in candidates)
        {
            best.Enqueue(candidate, (Of(candidate), place++));
            if (best.Count > count)
                best.Dequeue();
        }
        var found = new Candidate[best.Count];
        for (var i = found.Length - 1; i >= 0; i--)
            found[i] = best.Dequeue();
        return found;
    }

    /// <summary>Element n: the share of the sum that the n largest hold.</summary>
    private static double[] Shares(double[] values)
    {
        var sum = values.Sum(value => Math.Max(0, value));
        var shares = new double[values.Length + 1];
        var so = 0.0;
        foreach (var (i, value) in values.Select(value => Math.Max(0, value)).OrderDescending().Index())
        {
            so += value;
            shares[i + 1] = sum > 0 ? Math.Min(1, so / sum) : (i + 1.0) / values.Length;
        }
        return shares;
    }

    private static double[] Mean(IReadOnlyList<double[]> shares) =>
        [.. Enumerable.Range(0, shares[0].Length).Select(i => shares.Average(one => one[i]))];

    private static double[] LayerShares(int layers, ImportanceScores scores, DepthChoice depth)
    {
        var single = scores.BlockInfluence[1];
        if (depth == DepthChoice.Scattered)
            return Shares(single);
        var sum = single.Sum(value => Math.Max(0, value));
        var shares = new double[layers + 1];
        shares[layers] = 1;
        foreach (var (width, spans) in scores.BlockInfluence)
        {
            if (width >= layers)
                continue;
            var first = Enumerable.Range(0, spans.Length).MinBy(i => spans[i]);
            var gone = single.Skip(first).Take(width).Sum(value => Math.Max(0, value));
            shares[layers - width] = sum > 0 ? 1 - gone / sum : (layers - width) / (double)layers;
        }
        return shares;
    }
}

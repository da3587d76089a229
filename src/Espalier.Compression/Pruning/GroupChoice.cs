using Espalier.Compression.Importance.Comparison;

namespace Espalier.Compression.Pruning;

/// <summary>
/// Which units of one layer stay, of those in groups: whole groups first, by the sum of their units' scores, then the best units inside
/// each group.
/// </summary>
/// <param name="Groups">Kept groups, ascending: KV heads.</param>
/// <param name="Units">Kept units, ascending: query heads, the same number inside each kept group.</param>
/// <param name="Merges">Residual merges of queries; empty without.</param>
internal readonly record struct GroupChoice(int[] Groups, int[] Units, HeadMerge[] Merges)
{
    /// <summary>Ties go to the lower index.</summary>
    /// <param name="axis">The units' axis.</param>
    /// <param name="scores">[unit], higher is more important.</param>
    /// <param name="merge">Whether what goes leaves its residual in what stays, see <see cref="MergesOf"/>.</param>
    public static GroupChoice Of(Axis axis, double[] scores, DecoderConfig teacher, DecoderConfig student, bool merge)
    {
        var (size, keep) = (axis.GroupSizeOf(teacher), axis.GroupSizeOf(student));
        double[] Group(int group) => scores[(group * size)..((group + 1) * size)];
        var groups =
            Ranking.Largest([.. Enumerable.Range(0, scores.Length / size).Select(group => Group(group).Sum())], axis.Groups!.Of(student));
        var units = groups.SelectMany(group => Ranking.Largest(Group(group), keep).Select(unit => group * size + unit));
        var merges = merge ? groups.SelectMany(group => MergesOf(Group(group), keep, group * size)) : [];
        return new(groups, [.. units], [.. merges]);
    }

    /// <summary>Refuses a merge that the formula has no pairs for.</summary>
    /// <exception cref="EspalierException">More than half of a group's heads go, or a group has one head.</exception>
    public static void CheckMerge(DecoderConfig teacher, DecoderConfig student)
    {
        var (have, keep) = (teacher.GroupSize, student.GroupSize);
        if (have == 1 && student.QueryHeads < teacher.QueryHeads)
            throw new EspalierException(
                "prune.merge-heads: each query head has its own KV head, so no "
                    + "head is left in its group to merge into: leave merge-heads out");
        if (have > 2 * keep)
            throw new EspalierException(
                $"prune.merge-heads: each KV group keeps {keep} of {have} heads, but a merge needs at least half: keep "
                    + $"{(have + 1) / 2 * student.KeyValueHeads} heads or leave merge-heads out");
    }

    /// <summary>
    /// The residual merge (arXiv 2407.14679, section 2.3, its lower bound mended) inside one group of L heads of which K stay: in ranked
    /// order head_i ← head_i + (head_i − head_(2K−i+1)) for i from 2K − L + 1 to K, so that the last head that stays takes in the first
    /// that goes.
    /// </summary>
    private static IEnumerable<HeadMerge> MergesOf(double[] scores, int keep, int first)
    {
        int[] ranked = [.. Enumerable.Range(0, scores.Length).OrderByDescending(i => scores[i]).ThenBy(i => i)];
        for (var i = 2 * keep - scores.Length + 1; i <= keep; i++)
            yield return new(first + ranked[i - 1], first + ranked[2 * keep - i]);
    }
}

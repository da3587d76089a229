using Espalier.Models;

namespace Espalier.Compression.Pruning;

/// <summary>A head whose query becomes 2 Q[<paramref name="Head"/>] − Q[<paramref name="Gone"/>], of the teacher's values, before slicing.</summary>
/// <param name="Head">A head that stays.</param>
/// <param name="Gone">A head of the same KV group that goes.</param>
public readonly record struct HeadMerge(int Head, int Gone);

/// <summary>Which heads of one layer stay: whole KV groups first, by the sum of their heads' scores, then the best heads inside each group.</summary>
/// <param name="KvHeads">Kept KV heads, ascending.</param>
/// <param name="Heads">Kept query heads, ascending: the same number inside each kept group.</param>
/// <param name="Merges">Residual merges of queries; empty without.</param>
internal readonly record struct HeadChoice(int[] KvHeads, int[] Heads, HeadMerge[] Merges)
{
    /// <summary>Ties go to the lower index.</summary>
    /// <param name="scores">[query head], higher is more important.</param>
    /// <param name="teacher">The teacher.</param>
    /// <param name="student">The student.</param>
    /// <param name="merge">Whether what goes leaves its residual in what stays, see <see cref="MergesOf"/>.</param>
    public static HeadChoice Of(double[] scores, DecoderConfig teacher, DecoderConfig student, bool merge)
    {
        var size = teacher.GroupSize;
        double[] Group(int group) => scores[(group * size)..((group + 1) * size)];
        var kvHeads = PlanBuilder.Largest([.. Enumerable.Range(0, teacher.KeyValueHeads).Select(group => Group(group).Sum())], student.KeyValueHeads);
        var heads = kvHeads.SelectMany(group => PlanBuilder.Largest(Group(group), student.GroupSize).Select(head => group * size + head));
        var merges = merge ? kvHeads.SelectMany(group => MergesOf(Group(group), student.GroupSize, group * size)) : [];
        return new(kvHeads, [.. heads], [.. merges]);
    }

    /// <summary>Refuses a merge that the formula has no pairs for.</summary>
    /// <exception cref="EspalierException">More than half of a group's heads go, or a group has one head.</exception>
    public static void CheckMerge(DecoderConfig teacher, DecoderConfig student)
    {
        var (have, keep) = (teacher.GroupSize, student.GroupSize);
        if (have == 1 && student.QueryHeads < teacher.QueryHeads)
            throw new EspalierException("prune.merge-heads: each query head has a KV head of its own, so no head is left in its group to merge into: leave merge-heads out");
        if (have > 2 * keep)
            throw new EspalierException(
                $"prune.merge-heads: each KV group keeps {keep} of {have} heads and a merge needs at least half: keep {(have + 1) / 2 * student.KeyValueHeads} heads or leave merge-heads out");
    }

    /// <summary>
    /// The residual merge (arXiv 2407.14679, section 2.3, its lower bound mended) inside one group of L heads of which K stay: in ranked order
    /// head_i ← head_i + (head_i − head_(2K−i+1)) for i from 2K − L + 1 to K, so that the last head that stays takes in the first that goes.
    /// </summary>
    private static IEnumerable<HeadMerge> MergesOf(double[] scores, int keep, int first)
    {
        int[] ranked = [.. Enumerable.Range(0, scores.Length).OrderByDescending(i => scores[i]).ThenBy(i => i)];
        for (var i = 2 * keep - scores.Length + 1; i <= keep; i++)
            yield return new(first + ranked[i - 1], first + ranked[2 * keep - i]);
    }
}

using Espalier.Models;

namespace Espalier.Compression.Pruning;

/// <summary>
/// Which units of a teacher survive, as 0-based indices into it, ascending: plain data with a JSON form that a person can write. Without
/// a plan nothing is cut.
/// </summary>
public sealed record PruningPlan
{
    /// <summary>Version of the JSON form.</summary>
    public int Version { get; init; } = 1;

    /// <summary>How the units were chosen, for people: "importance (l2, mean)", "random, seed 1", ...</summary>
    public string Method { get; init; } = "";

    /// <summary>Kept blocks.</summary>
    public required int[] Layers { get; init; }

    /// <summary>Kept channels of the residual stream, the same in the whole network.</summary>
    public required int[] Channels { get; init; }

    /// <summary>Kept query heads of each kept block: the same number inside each kept KV group.</summary>
    public required int[][] Heads { get; init; }

    /// <summary>Kept KV heads of each kept block, the same number in each; null keeps them all.</summary>
    public int[][]? KvHeads { get; init; }

    /// <summary>Residual merges of query heads in each kept block, done before slicing; null for none.</summary>
    public HeadMerge[][]? Merges { get; init; }

    /// <summary>Kept neurons of each kept block: the same number in each.</summary>
    public required int[][] Neurons { get; init; }

    /// <summary>Kept units of an axis, in a kept block where the axis is of blocks; null keeps all.</summary>
    internal int[]? Kept(Axis axis, int layer) =>
        axis == Axis.Hidden ? Channels : axis == Axis.Heads ? Heads[layer] : axis == Axis.Ffn ? Neurons[layer] : axis == Axis.KvHeads ? KvHeads?[layer] : null;

    /// <summary>The plan that keeps everything.</summary>
    public static PruningPlan Everything(DecoderConfig teacher) => new()
    {
        Method = "everything",
        Layers = [.. Enumerable.Range(0, teacher.Layers)],
        Channels = [.. Enumerable.Range(0, teacher.HiddenSize)],
        Heads = [.. Enumerable.Range(0, teacher.Layers).Select(_ => Enumerable.Range(0, teacher.QueryHeads).ToArray())],
        Neurons = [.. Enumerable.Range(0, teacher.Layers).Select(_ => Enumerable.Range(0, teacher.IntermediateSize).ToArray())],
    };

    /// <summary>The student's config.</summary>
    /// <exception cref="EspalierException">The plan does not fit the teacher; the field is named.</exception>
    public DecoderConfig Apply(DecoderConfig teacher)
    {
        CheckList("layers", Layers, teacher.Layers);
        CheckList("channels", Channels, teacher.HiddenSize);
        CheckPerLayer("heads", Heads, teacher.QueryHeads);
        CheckPerLayer("neurons", Neurons, teacher.IntermediateSize);
        if (KvHeads is not null)
            CheckPerLayer("kv_heads", KvHeads, teacher.KeyValueHeads);
        for (var i = 0; i < Heads.Length; i++)
            CheckGroups(i, teacher);
        CheckMerges(teacher);
        return new PruneTarget
        {
            Layers = Layers.Length,
            Hidden = Channels.Length,
            Heads = Heads[0].Length,
            KvHeads = KvHeads?[0].Length,
            Multiple = 1,
            Ffn = Neurons[0].Length,
        }.Apply(teacher);
    }

    private void CheckPerLayer(string field, int[][] lists, int limit)
    {
        if (lists is null || lists.Length != Layers.Length)
            throw new EspalierException($"plan: {field} has {lists?.Length ?? 0} lists and layers has {Layers.Length}; there must be one for each kept layer");
        for (var i = 0; i < lists.Length; i++)
        {
            CheckList($"{field}[{i}]", lists[i], limit);
            if (lists[i].Length != lists[0].Length)
                throw new EspalierException($"plan: {field}[{i}] keeps {lists[i].Length} and {field}[0] keeps {lists[0].Length}; every layer must keep the same number");
        }
    }

    private void CheckGroups(int i, DecoderConfig teacher)
    {
        int[] groups = KvHeads?[i] ?? [.. Enumerable.Range(0, teacher.KeyValueHeads)];
        var perGroup = new int[teacher.KeyValueHeads];
        foreach (var head in Heads[i])
        {
            var group = head / teacher.GroupSize;
            if (!groups.Contains(group))
                throw new EspalierException($"plan: heads[{i}] keeps head {head} of KV head {group}, which kv_heads[{i}] drops: keep both or neither");
            perGroup[group]++;
        }
        var kept = groups.Select(group => perGroup[group]).ToArray();
        if (kept.Distinct().Count() != 1 || kept[0] == 0)
            throw new EspalierException(
                $"plan: heads[{i}] keeps {string.Join(", ", kept)} heads in the {groups.Length} KV groups; every group must keep the same number, the nearest being "
                + $"{Math.Clamp((int)Math.Round(Heads[i].Length / (double)groups.Length), 1, teacher.GroupSize)} a group");
    }

    private void CheckMerges(DecoderConfig teacher)
    {
        if (Merges is null)
            return;
        if (Merges.Length != Layers.Length)
            throw new EspalierException($"plan: merges has {Merges.Length} lists and layers has {Layers.Length}; there must be one for each kept layer");
        for (var i = 0; i < Merges.Length; i++)
            foreach (var (head, gone) in Merges[i])
            {
                var pair = $"plan: merges[{i}] has [{head}, {gone}]:";
                if (!Heads[i].Contains(head))
                    throw new EspalierException($"{pair} head {head} does not stay; the first of a pair is a head of heads[{i}]");
                if (gone < 0 || gone >= teacher.QueryHeads || gone / teacher.GroupSize != head / teacher.GroupSize)
                    throw new EspalierException(
                        $"{pair} head {gone} is not in the KV group of head {head}, heads {head / teacher.GroupSize * teacher.GroupSize} to {(head / teacher.GroupSize + 1) * teacher.GroupSize - 1}");
                if (Heads[i].Contains(gone))
                    throw new EspalierException($"{pair} head {gone} stays; the second of a pair is a head that goes");
                if (Merges[i].Count(merge => merge.Head == head) > 1)
                    throw new EspalierException($"{pair} head {head} takes part in more than one merge; once is the most");
            }
    }

    private static void CheckList(string field, int[] kept, int limit)
    {
        if (kept is null || kept.Length == 0)
            throw new EspalierException($"plan: {field} keeps nothing; at least 1 of {limit} must stay");
        for (var i = 0; i < kept.Length; i++)
        {
            if (kept[i] < 0 || kept[i] >= limit)
                throw new EspalierException($"plan: {field} names {kept[i]} and the teacher has 0 to {limit - 1}");
            if (i > 0 && kept[i] <= kept[i - 1])
                throw new EspalierException($"plan: {field} has {kept[i]} after {kept[i - 1]}; indices ascend and none comes twice");
        }
    }
}

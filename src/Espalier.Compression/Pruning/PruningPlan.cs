using Espalier.Compression.Pruning.Experts;

namespace Espalier.Compression.Pruning;

/// <summary>
/// Which units of a teacher survive, as 0-based indices into it, ascending: plain data with a JSON form that a person can write. Without
/// a plan nothing is cut.
/// </summary>
internal sealed record PruningPlan
{
    /// <summary>Version of the JSON form.</summary>
    public int Version { get; init; } = 1;

    /// <summary>How the units were chosen, for people: "importance (l2, mean)", "random, seed 1", ...</summary>
    public string Method { get; init; } = "";

    /// <summary>
    /// What stays: of an axis with units in each layer a list for each kept layer, all of one length, of one with units in each expert a
    /// list for each kept expert of each kept layer, and of any other one list. A layer that has no such units has a list all the same,
    /// which says nothing. Of units in groups the same number stays in each kept group. An axis that is not there keeps all its units;
    /// layers are always there.
    /// </summary>
    public required PerAxis<int[][]> Kept { get; init; }

    /// <summary>Kept blocks.</summary>
    public int[] Layers => Kept[Axis.Layers]![0];

    /// <summary>Residual merges of query heads in each kept block, done before slicing; null for none.</summary>
    public HeadMerge[][]? Merges { get; init; }

    /// <summary>
    /// What experts that go become part of, in each kept block, done before slicing; null where they are dropped. A block without experts
    /// has an empty list.
    /// </summary>
    public ExpertMerge[][]? ExpertMerges { get; init; }

    /// <summary>The plan that keeps everything.</summary>
    public static PruningPlan Everything(DecoderConfig teacher) =>
        OfLayers(teacher, [.. Enumerable.Range(0, teacher.Layers)], "everything");

    /// <summary>The plan that keeps some layers, and those whole.</summary>
    /// <param name="layers">The layers that stay, ascending.</param>
    /// <param name="how">How they were chosen, for people.</param>
    internal static PruningPlan OfLayers(DecoderConfig teacher, IReadOnlyList<int> layers, string how) => new()
    {
        Method = how,
        Kept = new(axis => axis == Axis.Layers ? [[.. layers]]
            : axis.Grouped is not null || !axis.IsIn(teacher) ? null
            : [.. Enumerable.Range(0, axis.RowsIn(teacher) / (axis.IsPerLayer ? teacher.Layers : 1) * (axis.IsPerLayer ? layers.Count : 1))
                .Select(_ => Enumerable.Range(0, axis.Of(teacher)).ToArray())]),
    };

    /// <summary>Kept units of an axis, ascending, in a kept block where the axis has units in each; null keeps all.</summary>
    /// <param name="layer">Which of the kept blocks.</param>
    /// <param name="expert">Which of its kept experts, where the axis has units in each.</param>
    internal int[]? UnitsOf(Axis axis, int layer, int expert = 0) => Kept[axis] is not { } lists ? null
        : !axis.IsPerLayer ? lists[0] : axis.IsPerExpert ? lists[layer * (lists.Length / Layers.Length) + expert] : lists[layer];

    /// <summary>The teacher's parameter that one of the student's comes from.</summary>
    internal Parameter Source(Parameter parameter) => parameter.Layer < 0 ? parameter : parameter with
    {
        Layer = Layers[parameter.Layer],
        Expert = parameter.Expert < 0 ? -1 : UnitsOf(Axis.Experts, parameter.Layer) is { } experts ? experts[parameter.Expert]
            : parameter.Expert,
    };

    /// <summary>Whether weights of one of the student's parameters are sums of several of the teacher's.</summary>
    internal bool IsMixed(Parameter parameter)
    {
        // Of what has a row an entry of a head, queries alone: sinks, gates and the gains of norms stay as they are.
        var isOfHeads = Merges is not null && parameter.Role is ParameterRole.QueryProjection or ParameterRole.QueryProjectionBias;
        return isOfHeads || (ExpertMerges is not null && parameter.Expert >= 0
            && Source(parameter).Expert is var expert && ExpertMerges[parameter.Layer].Any(merge => merge.Expert == expert));
    }

    /// <summary>Whether the student has nothing of a parameter of the teacher's: it is of a layer or an expert that goes.</summary>
    internal bool Drops(Parameter parameter) => parameter.Layer >= 0 && (Array.IndexOf(Layers, parameter.Layer) is var layer && layer < 0
        || (parameter.Expert >= 0 && UnitsOf(Axis.Experts, layer) is { } experts && !experts.Contains(parameter.Expert)));

    /// <summary>The student's config.</summary>
    /// <exception cref="EspalierException">The plan does not fit the teacher; the field is named.</exception>
    public DecoderConfig Apply(DecoderConfig teacher)
    {
        foreach (var axis in Kept.Axes)
            if (!axis.IsIn(teacher))
                throw new EspalierException(
                    $"plan: {axis.UnitsField} names {axis.Units}, but a {teacher.Family} model has none: leave it out");
            else if (axis.IsPerLayer)
                CheckPerLayer(axis, Kept[axis]!, teacher);
            else
                CheckList(axis.UnitsField, Kept[axis]![0], axis.Of(teacher));
        foreach (var axis in Axis.All)
            if (axis.Groups is { } groups && (Kept[axis] ?? Kept[groups]) is not null)
                for (var i = 0; i < Layers.Length; i++)
                    CheckGroups(axis, groups, i, teacher);
        CheckMerges(teacher);
        if (ExpertMerges is not null)
            ExpertMerge.Check(ExpertMerges, Layers.Length, teacher.Experts,
                layer => UnitsOf(Axis.Experts, layer) ?? [.. Enumerable.Range(0, teacher.Experts)]);
        return new PruneTarget { Sizes = new(axis => Kept[axis]?[0].Length), Multiple = 1 }.Apply(teacher) with
        {
            LayerKinds = teacher.LayerKinds.At(Layers),
        };
    }

    private void CheckPerLayer(Axis axis, int[][] lists, DecoderConfig teacher)
    {
        var (field, limit) = (axis.UnitsField, axis.Of(teacher));
        var experts = axis.IsPerExpert ? Kept[Axis.Experts]?[0].Length ?? teacher.Experts : 1;
        if (lists is null || lists.Length != Layers.Length * experts)
            throw new EspalierException(
                $"plan: {field} has {lists?.Length ?? 0} lists but layers has {Layers.Length}; there must be one for each kept layer"
                    + (axis.IsPerExpert ? $" and each of its {experts} kept experts" : ""));
        for (var i = 0; i < lists.Length; i++)
        {
            CheckList($"{field}[{i}]", lists[i], limit);
            if (lists[i].Length != lists[0].Length)
                throw new EspalierException(
                    $"plan: {field}[{i}] keeps {lists[i].Length} but {field}[0] keeps "
                        + $"{lists[0].Length}; every layer must keep the same number");
        }
    }

    private void CheckGroups(Axis axis, Axis groups, int i, DecoderConfig teacher)
    {
        var (size, name) = (axis.GroupSizeOf(teacher), $"{axis.UnitsField}[{i}]");
        int[] kept = UnitsOf(axis, i) ?? [.. Enumerable.Range(0, axis.Of(teacher))], keptGroups = UnitsOf(groups, i)
            ?? [.. Enumerable.Range(0, groups.Of(teacher))];
        var perGroup = new int[groups.Of(teacher)];
        foreach (var unit in kept)
        {
            var group = unit / size;
            if (!keptGroups.Contains(group))
                throw new EspalierException(
                    $"plan: {name} keeps {axis.Unit} {unit} of {groups.Unit} {group}, "
                        + $"which {groups.UnitsField}[{i}] drops: keep both or neither");
            perGroup[group]++;
        }
        var counts = keptGroups.Select(group => perGroup[group]).ToArray();
        if (counts.Distinct().Count() != 1 || counts[0] == 0)
            throw new EspalierException(
                $"plan: {name} keeps {string.Join(", ", counts)} {axis.Units} in the {counts.Length} "
                    + $"{(groups == Axis.KvHeads ? "KV groups" : groups.Units)}; every group must keep the same number; the nearest is "
                    + $"{Math.Clamp((int)Math.Round(kept.Length / (double)counts.Length), 1, size)} per group");
    }

    private void CheckMerges(DecoderConfig teacher)
    {
        if (Merges is null)
            return;
        if (Merges.Length != Layers.Length)
            throw new EspalierException(
                $"plan: merges has {Merges.Length} lists but layers has {Layers.Length}; there must be one for each kept layer");
        for (var i = 0; i < Merges.Length; i++)
        {
            int[] heads = UnitsOf(Axis.Heads, i) ?? [.. Enumerable.Range(0, teacher.QueryHeads)];
            foreach (var (head, gone) in Merges[i])
            {
                var pair = $"plan: merges[{i}] has [{head}, {gone}]:";
                if (!heads.Contains(head))
                    throw new EspalierException($"{pair} head {head} is not kept; the first of a pair must be in heads[{i}]");
                if (gone < 0 || gone >= teacher.QueryHeads || gone / teacher.GroupSize != head / teacher.GroupSize)
                    throw new EspalierException(
                        $"{pair} head {gone} is not in the KV group of head {head}, heads "
                            + $"{head / teacher.GroupSize * teacher.GroupSize} to "
                            + $"{(head / teacher.GroupSize + 1) * teacher.GroupSize - 1}");
                if (heads.Contains(gone))
                    throw new EspalierException($"{pair} head {gone} is kept; the second of a pair must be a removed head");
                if (Merges[i].Count(merge => merge.Head == head) > 1)
                    throw new EspalierException($"{pair} head {head} takes part in more than one merge");
            }
        }
    }

    private static void CheckList(string field, int[] kept, int limit)
    {
        if (kept is null || kept.Length == 0)
            throw new EspalierException($"plan: {field} keeps nothing; at least 1 of {limit} must stay");
        for (var i = 0; i < kept.Length; i++)
        {
            if (kept[i] < 0 || kept[i] >= limit)
                throw new EspalierException($"plan: {field} names {kept[i]}, but the teacher has 0 to {limit - 1}");
            if (i > 0 && kept[i] <= kept[i - 1])
                throw new EspalierException($"plan: {field} has {kept[i]} after {kept[i - 1]}; indices must ascend without repeats");
        }
    }
}

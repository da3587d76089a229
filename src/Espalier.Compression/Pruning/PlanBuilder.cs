using Espalier.Compression.Importance;
using Espalier.Compression.Importance.Comparison;
using Espalier.Compression.Importance.Depth;
using Espalier.Compression.Pruning.Experts;

namespace Espalier.Compression.Pruning;

/// <summary>Makes plans: by importance, or at random as a control.</summary>
internal static class PlanBuilder
{
    /// <summary>
    /// Keeps the units with the largest scores, ties to the lower index: KV groups by the sum of their heads, heads inside each KV group,
    /// neurons a layer, channels once for the network.
    /// </summary>
    /// <param name="scores">Importance of the teacher's units.</param>
    /// <param name="depth">Which layers go.</param>
    /// <param name="mergeHeads">Whether query heads that go leave their residual in those that stay.</param>
    /// <param name="mergeExperts">Whether experts that go are merged into those that stay.</param>
    /// <param name="keepLayers">
    /// The layers that stay, ascending, where something else than block influence chose them; null lets the scores choose.
    /// </param>
    /// <param name="kinds">How many layers of each kind stay in a hybrid; null for any.</param>
    /// <exception cref="EspalierException">Scores of another shape, or a merge where more than half of a group's heads go.</exception>
    public static PruningPlan ByImportance(
        DecoderConfig teacher, DecoderConfig student, ImportanceScores scores, DepthChoice depth = DepthChoice.Contiguous,
        bool mergeHeads = false, bool mergeExperts = false, IReadOnlyList<int>? keepLayers = null, LayerCounts? kinds = null)
    {
        CheckScores(teacher, scores);
        if (mergeHeads)
            GroupChoice.CheckMerge(teacher, student);
        int[] layers = keepLayers is null ? LayersToKeep(teacher, student.Layers, scores, depth, kinds) : [.. keepLayers];
        if (layers.Length != student.Layers)
            throw new EspalierException($"{layers.Length} layers were chosen to stay, but the student has {student.Layers}: choose that "
                + "many");
        var plan = Best($"{scores.How}{(mergeHeads ? ", heads merged" : "")}{(mergeExperts ? ", experts merged" : "")}", teacher, student,
            layers, mergeHeads, (axis, layer) => scores.Units[axis]![layer]);
        return mergeExperts ? plan with { ExpertMerges = ExpertMergesOf(teacher, plan, scores) } : plan;
    }

    /// <summary>Keeps layers as they are; nothing else is cut.</summary>
    /// <param name="student">The student: fewer layers, the same widths.</param>
    /// <param name="layers">The layers that stay, ascending.</param>
    /// <param name="how">How they were chosen, for people.</param>
    /// <exception cref="EspalierException">The student has other widths.</exception>
    public static PruningPlan OfLayers(DecoderConfig teacher, DecoderConfig student, IReadOnlyList<int> layers, string how)
    {
        if (student with { Layers = teacher.Layers, LayerKinds = teacher.LayerKinds } != teacher)
            throw new EspalierException(
                "scores of layers do not rank neurons, heads and channels, which are to be cut "
                    + "too: also give text to score on, or the scores of espalier score");
        return PruningPlan.OfLayers(teacher, layers, how);
    }

    /// <summary>A random choice of the same shape: random scores in the same rules, and for depth scattered layers.</summary>
    public static PruningPlan Random(DecoderConfig teacher, DecoderConfig student, ulong seed, LayerCounts? kinds = null)
    {
        var random = new Random(unchecked((int)(seed ^ (seed >> 32))));
        double[] Draw(int count) => [.. Enumerable.Range(0, count).Select(_ => random.NextDouble())];
        var worth = Draw(teacher.Layers);
        return Best($"random, seed {seed}", teacher, student,
            kinds?.Best(teacher.LayerKinds, worth) ?? Ranking.Largest(worth, student.Layers), merge: false,
            (axis, _) => Draw(axis.Of(teacher)));
    }

    private static ExpertMerge[][] ExpertMergesOf(DecoderConfig teacher, PruningPlan plan, ImportanceScores scores)
    {
        if (!Axis.Experts.IsIn(teacher))
            throw new EspalierException($"prune.merge-experts: a {teacher.Family} model has no experts: leave it out");
        var routing = scores.Routing ?? throw new EspalierException(
            $"prune.merge-experts: these scores ({scores.How}) do not say where the router sends tokens: score activations, with "
                + "espalier score or score.method: activation");
        return [.. plan.Layers.Select((layer, i) => Axis.Experts.IsIn(teacher.LayerKinds[layer])
            ? ExpertGroups.Of(routing, layer, plan.UnitsOf(Axis.Experts, i)!) : [])];
    }

    /// <summary>The largest scores of every axis stay; they are asked for axis by axis, each for its layers in order.</summary>
    private static PruningPlan Best(string method, DecoderConfig teacher, DecoderConfig student, int[] layers, bool merge,
        Func<Axis, int, double[]> scores)
    {
        var (kept, merges) = (new PerAxis<int[][]> { [Axis.Layers] = [layers] }, (HeadMerge[][]?)null);
        foreach (var axis in Axis.All.Where(axis => Axis.Scored.Contains(axis) && axis.IsIn(teacher)))
        {
            double[][] rows = [.. RowsOf(axis).Select(row => scores(axis, row))];
            if (axis.Groups is not { } groups)
            {
                kept = kept.With(axis, [.. rows.Select(row => Ranking.Largest(row, axis.Of(student)))]);
                continue;
            }
            // Heads of other mixers are in groups too, and have no queries.
            var isMerged = merge && axis == Axis.Heads;
            var choices = rows.Select(row => GroupChoice.Of(axis, row, teacher, student, isMerged)).ToArray();
            kept = kept.With(axis, [.. choices.Select(choice => choice.Units)]);
            if (groups.Of(teacher) != groups.Of(student))
                kept = kept.With(groups, [.. choices.Select(choice => choice.Groups)]);
            if (isMerged)
                merges = [.. choices.Select(choice => choice.Merges)];
        }
        return new() { Method = method, Kept = kept, Merges = merges };

        // Those of the layers that stay, and of them those of the experts that stay.
        IEnumerable<int> RowsOf(Axis axis) => !axis.IsPerLayer ? [0] : !axis.IsPerExpert ? layers
            : layers.SelectMany((layer, i) => kept[Axis.Experts]![i].Select(expert => layer * teacher.Experts + expert));
    }

    /// <summary>The layers that stay by block influence, ascending.</summary>
    /// <param name="layers">How many stay.</param>
    /// <param name="scores">Importance of the teacher's units.</param>
    /// <param name="depth">Which go.</param>
    /// <param name="kinds">How many of each kind stay in a hybrid; null for any.</param>
    /// <exception cref="EspalierException">The scores do not say it.</exception>
    public static int[] LayersToKeep(DecoderConfig teacher, int layers, ImportanceScores scores, DepthChoice depth, LayerCounts? kinds)
    {
        var dropped = teacher.Layers - layers;
        if (dropped == 0)
            return [.. Enumerable.Range(0, teacher.Layers)];
        if (depth == DepthChoice.Scattered)
            return kinds?.Best(teacher.LayerKinds, scores.BlockInfluence[1]) ?? Ranking.Largest(scores.BlockInfluence[1], layers);
        if (depth == DepthChoice.Greedy)
            throw new EspalierException(
                "a greedy choice of layers needs a scan that these scores do not have: give those of espalier depth with --depth-scores, "
                    + "let a recipe do it (prune.depth: greedy), or give contiguous or scattered");
        if (!scores.BlockInfluence.TryGetValue(dropped, out var spans))
            throw new EspalierException(
                $"the scores have block influence for spans of {string.Join(", ", scores.BlockInfluence.Keys.Order())} layers, but "
                    + $"{dropped} are to be dropped: score again with spans of {dropped}");
        var first = Enumerable.Range(0, spans.Length).MinBy(i => spans[i]);
        return [.. Enumerable.Range(0, teacher.Layers).Where(layer => layer < first || layer >= first + dropped)];
    }

    private static void CheckScores(DecoderConfig teacher, ImportanceScores scores)
    {
        var fits = Axis.Scored.All(axis => !axis.IsIn(teacher) ? scores.Units[axis] is null : scores.Units[axis] is { } rows
            && rows.Length == axis.RowsIn(teacher) && rows.All(row => row.Length == axis.Of(teacher)));
        if (!fits)
            throw new EspalierException(
                $"the scores belong to a model with {scores.Layers} layers and {scores.Units[Axis.Hidden]?[0].Length ?? 0} channels, "
                    + $"but the teacher has {teacher.Layers} and {teacher.HiddenSize}: score this teacher");
    }
}

using Espalier.Compression.Importance;
using Espalier.Models;

namespace Espalier.Compression.Pruning;

/// <summary>Which layers a depth cut takes.</summary>
public enum DepthChoice
{
    /// <summary>The contiguous span with the least block influence (paper 2: better after retraining).</summary>
    Contiguous,

    /// <summary>The single layers with the least block influence, wherever they are.</summary>
    Scattered,

    /// <summary>One layer after the other, each time the one whose removal does the least harm to what is left; needs a depth scan.</summary>
    Greedy,
}

/// <summary>Makes plans: by importance, or at random as a control.</summary>
public static class PlanBuilder
{
    /// <summary>
    /// Keeps the units with the largest scores, ties to the lower index: KV groups by the sum of their heads, heads inside each KV group,
    /// neurons a layer, channels once for the network.
    /// </summary>
    /// <param name="teacher">The teacher.</param>
    /// <param name="student">The student.</param>
    /// <param name="scores">Importance of the teacher's units.</param>
    /// <param name="depth">Which layers go.</param>
    /// <param name="mergeHeads">Whether query heads that go leave their residual in those that stay.</param>
    /// <param name="keepLayers">The layers that stay, ascending, where something else than block influence chose them; null lets the scores choose.</param>
    /// <exception cref="EspalierException">Scores of another shape, or a merge where more than half of a group's heads go.</exception>
    public static PruningPlan ByImportance(
        DecoderConfig teacher, DecoderConfig student, ImportanceScores scores, DepthChoice depth = DepthChoice.Contiguous, bool mergeHeads = false,
        IReadOnlyList<int>? keepLayers = null)
    {
        CheckScores(teacher, scores);
        if (mergeHeads)
            HeadChoice.CheckMerge(teacher, student);
        int[] layers = keepLayers is null ? LayersToKeep(teacher, student, scores, depth) : [.. keepLayers];
        if (layers.Length != student.Layers)
            throw new EspalierException($"{layers.Length} layers were chosen to stay and the student has {student.Layers}: choose as many");
        var heads = layers.Select(layer => HeadChoice.Of(scores.Heads[layer], teacher, student, mergeHeads)).ToArray();
        return new()
        {
            Method = $"{scores.How}{(mergeHeads ? ", heads merged" : "")}",
            Layers = layers,
            Channels = Largest(scores.Channels, student.HiddenSize),
            Heads = [.. heads.Select(layer => layer.Heads)],
            KvHeads = KvHeadsOf(heads, teacher, student),
            Merges = mergeHeads ? [.. heads.Select(layer => layer.Merges)] : null,
            Neurons = [.. layers.Select(layer => Largest(scores.Neurons[layer], student.IntermediateSize))],
        };
    }

    /// <summary>Keeps layers as they are; nothing else is cut.</summary>
    /// <param name="teacher">The teacher.</param>
    /// <param name="student">The student: fewer layers, the same widths.</param>
    /// <param name="layers">The layers that stay, ascending.</param>
    /// <param name="how">How they were chosen, for people.</param>
    /// <exception cref="EspalierException">The student has other widths.</exception>
    public static PruningPlan OfLayers(DecoderConfig teacher, DecoderConfig student, IReadOnlyList<int> layers, string how)
    {
        if (student with { Layers = teacher.Layers } != teacher)
            throw new EspalierException("scores of layers say nothing of neurons, heads and channels, and these are to go too: give text to score on or the scores of espalier score beside them");
        return new()
        {
            Method = how,
            Layers = [.. layers],
            Channels = All(teacher.HiddenSize),
            Heads = [.. layers.Select(_ => All(teacher.QueryHeads))],
            Neurons = [.. layers.Select(_ => All(teacher.IntermediateSize))],
        };

        static int[] All(int count) => [.. Enumerable.Range(0, count)];
    }

    /// <summary>A random choice of the same shape: random scores in the same rules, and for depth scattered layers.</summary>
    public static PruningPlan Random(DecoderConfig teacher, DecoderConfig student, ulong seed)
    {
        var random = new Random(unchecked((int)(seed ^ (seed >> 32))));
        double[] Draw(int count) => [.. Enumerable.Range(0, count).Select(_ => random.NextDouble())];
        var layers = Largest(Draw(teacher.Layers), student.Layers);
        var channels = Largest(Draw(teacher.HiddenSize), student.HiddenSize);
        var heads = layers.Select(_ => HeadChoice.Of(Draw(teacher.QueryHeads), teacher, student, merge: false)).ToArray();
        return new()
        {
            Method = $"random, seed {seed}",
            Layers = layers,
            Channels = channels,
            Heads = [.. heads.Select(layer => layer.Heads)],
            KvHeads = KvHeadsOf(heads, teacher, student),
            Neurons = [.. layers.Select(_ => Largest(Draw(teacher.IntermediateSize), student.IntermediateSize))],
        };
    }

    /// <summary>Indices of the largest values, ties to the lower index, ascending.</summary>
    internal static int[] Largest(IReadOnlyList<double> values, int count) =>
        [.. Enumerable.Range(0, values.Count).OrderByDescending(i => values[i]).ThenBy(i => i).Take(count).Order()];

    private static int[][]? KvHeadsOf(HeadChoice[] layers, DecoderConfig teacher, DecoderConfig student) =>
        teacher.KeyValueHeads == student.KeyValueHeads ? null : [.. layers.Select(layer => layer.KvHeads)];

    private static int[] LayersToKeep(DecoderConfig teacher, DecoderConfig student, ImportanceScores scores, DepthChoice depth)
    {
        var dropped = teacher.Layers - student.Layers;
        if (dropped == 0)
            return [.. Enumerable.Range(0, teacher.Layers)];
        if (depth == DepthChoice.Scattered)
            return Largest(scores.BlockInfluence[1], student.Layers);
        if (depth == DepthChoice.Greedy)
            throw new EspalierException("a greedy choice of layers needs a scan that these scores do not hold: give those of espalier depth with --depth-scores, let a recipe do it (prune.depth: greedy), or give contiguous or scattered");
        if (!scores.BlockInfluence.TryGetValue(dropped, out var spans))
            throw new EspalierException(
                $"the scores hold block influence of spans of {string.Join(", ", scores.BlockInfluence.Keys.Order())} layers and {dropped} are to be dropped: score again with spans of {dropped}");
        var first = Enumerable.Range(0, spans.Length).MinBy(i => spans[i]);
        return [.. Enumerable.Range(0, teacher.Layers).Where(layer => layer < first || layer >= first + dropped)];
    }

    private static void CheckScores(DecoderConfig teacher, ImportanceScores scores)
    {
        var fits = scores.Channels.Length == teacher.HiddenSize
            && scores.Heads.Length == teacher.Layers && scores.Heads.All(layer => layer.Length == teacher.QueryHeads)
            && scores.Neurons.Length == teacher.Layers && scores.Neurons.All(layer => layer.Length == teacher.IntermediateSize);
        if (!fits)
            throw new EspalierException(
                $"the scores are of a model with {scores.Heads.Length} layers and {scores.Channels.Length} channels and the teacher has {teacher.Layers} and {teacher.HiddenSize}: score this teacher");
    }
}

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
}

/// <summary>Makes plans: by importance, or at random as a control.</summary>
public static class PlanBuilder
{
    /// <summary>
    /// Keeps the units with the largest scores, ties to the lower index: heads inside each KV group, neurons a layer, channels once for
    /// the network.
    /// </summary>
    public static PruningPlan ByImportance(DecoderConfig teacher, DecoderConfig student, ImportanceScores scores, DepthChoice depth = DepthChoice.Contiguous)
    {
        CheckScores(teacher, scores);
        var layers = LayersToKeep(teacher, student, scores, depth);
        return new()
        {
            Method = scores.How,
            Layers = layers,
            Channels = Largest(scores.Channels, student.HiddenSize),
            Heads = [.. layers.Select(layer => HeadsToKeep(scores.Heads[layer], teacher, student))],
            Neurons = [.. layers.Select(layer => Largest(scores.Neurons[layer], student.IntermediateSize))],
        };
    }

    /// <summary>A random choice of the same shape: random scores in the same rules, and for depth scattered layers.</summary>
    public static PruningPlan Random(DecoderConfig teacher, DecoderConfig student, ulong seed)
    {
        var random = new Random(unchecked((int)(seed ^ (seed >> 32))));
        double[] Draw(int count) => [.. Enumerable.Range(0, count).Select(_ => random.NextDouble())];
        var layers = Largest(Draw(teacher.Layers), student.Layers);
        return new()
        {
            Method = $"random, seed {seed}",
            Layers = layers,
            Channels = Largest(Draw(teacher.HiddenSize), student.HiddenSize),
            Heads = [.. layers.Select(_ => HeadsToKeep(Draw(teacher.QueryHeads), teacher, student))],
            Neurons = [.. layers.Select(_ => Largest(Draw(teacher.IntermediateSize), student.IntermediateSize))],
        };
    }

    /// <summary>Indices of the largest values, ties to the lower index, ascending.</summary>
    internal static int[] Largest(IReadOnlyList<double> values, int count) =>
        [.. Enumerable.Range(0, values.Count).OrderByDescending(i => values[i]).ThenBy(i => i).Take(count).Order()];

    private static int[] HeadsToKeep(double[] scores, DecoderConfig teacher, DecoderConfig student) =>
        [.. Enumerable.Range(0, teacher.KeyValueHeads).SelectMany(group =>
            Largest(scores[(group * teacher.GroupSize)..((group + 1) * teacher.GroupSize)], student.GroupSize)
                .Select(head => group * teacher.GroupSize + head))];

    private static int[] LayersToKeep(DecoderConfig teacher, DecoderConfig student, ImportanceScores scores, DepthChoice depth)
    {
        var dropped = teacher.Layers - student.Layers;
        if (dropped == 0)
            return [.. Enumerable.Range(0, teacher.Layers)];
        if (depth == DepthChoice.Scattered)
            return Largest(scores.BlockInfluence[1], student.Layers);
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

using Espalier.Models;

namespace Espalier.Pipeline.Planning;

/// <summary>A legal shape near the one that was asked for: the student with one size changed.</summary>
/// <param name="Axis">hidden, ffn, expert-ffn, heads, kv-heads, experts, mamba-heads, mamba-head-dim, linear-key-heads,
/// linear-value-heads, linear-value-head-dim or layers.</param>
/// <param name="Size">The other size.</param>
/// <param name="Multiple">What it is the nearest multiple of; null where the axis has no such rule.</param>
/// <param name="Parameters">All weights of that student.</param>
/// <param name="NonEmbeddingParameters">Those outside the embedding.</param>
internal sealed record ShapeNeighbour(string Axis, int Size, int? Multiple, long Parameters, long NonEmbeddingParameters)
{
    private static readonly int[] s_multiples = [64, 128];

    /// <summary>
    /// The nearest below and above on every axis, none above the teacher's size. A size that is both the nearest multiple of 64 and of 128
    /// is shown as that of 128.
    /// </summary>
    internal static IReadOnlyList<ShapeNeighbour> Of(DecoderConfig teacher, DecoderConfig student)
    {
        var found = new List<ShapeNeighbour>();
        Widths("hidden", student.HiddenSize, teacher.HiddenSize, size => student with { HiddenSize = size });
        Widths("ffn", student.IntermediateSize, teacher.IntermediateSize, size => student with { IntermediateSize = size });
        Widths("expert-ffn", student.ExpertIntermediateSize, teacher.ExpertIntermediateSize,
            size => student with { ExpertIntermediateSize = size });
        if (teacher.GroupSize > 1)
            foreach (var heads in Around(student.QueryHeads, student.KeyValueHeads, student.KeyValueHeads * teacher.GroupSize))
                Add("heads", heads, null, student with { QueryHeads = heads });
        foreach (var groups in Around(student.KeyValueHeads, 1, teacher.KeyValueHeads))
            Add(teacher.GroupSize > 1 ? "kv-heads"
                : "heads", groups, null, student with { KeyValueHeads = groups, QueryHeads = groups * student.GroupSize });
        foreach (var experts in Around(student.Experts, 1, teacher.Experts).Where(count => count >= teacher.ExpertsPerToken))
            Add("experts", experts, null, student with { Experts = experts });
        if (Models.Axis.MambaHeads.IsIn(teacher))
        {
            foreach (var heads in Around(student.Mamba.Heads, student.Mamba.Groups, teacher.Mamba.Heads))
                Add(Models.Axis.MambaHeads.Key, heads, null, Models.Axis.MambaHeads.With(student, heads));
            foreach (var channels in Around(student.Mamba.HeadDim, 1, teacher.Mamba.HeadDim))
                Add(Models.Axis.MambaHeadDim.Key, channels, null, Models.Axis.MambaHeadDim.With(student, channels));
        }
        if (Models.Axis.DeltaHeads.IsIn(teacher))
        {
            var size = Models.Axis.DeltaHeads.GroupSizeOf(teacher);
            if (size > 1)
                foreach (var heads in Around(student.Delta.Heads, student.Delta.Groups, student.Delta.Groups * size))
                    Add(Models.Axis.DeltaHeads.Key, heads, null, Models.Axis.DeltaHeads.With(student, heads));
            foreach (var groups in Around(student.Delta.Groups, 1, teacher.Delta.Groups))
                Add((size > 1 ? Models.Axis.DeltaKeyHeads : Models.Axis.DeltaHeads).Key, groups, null, student with
                {
                    Delta = student.Delta with { Groups = groups, Heads = student.Delta.Heads / student.Delta.Groups * groups },
                });
            foreach (var channels in Around(student.Delta.HeadDim, 1, teacher.Delta.HeadDim))
                Add(Models.Axis.DeltaHeadDim.Key, channels, null, Models.Axis.DeltaHeadDim.With(student, channels));
        }
        foreach (var layers in Around(student.Layers, 1, teacher.Layers))
            Add("layers", layers, null, Models.Axis.Layers.With(student, layers));
        return found;

        void Widths(string axis, int size, int most, Func<int, DecoderConfig> change)
        {
            var near = s_multiples.SelectMany(multiple => Around(size, multiple, most).Select(other => (Size: other, Multiple: multiple)));
            foreach (var group in near.GroupBy(other => other.Size).OrderBy(group => group.Key))
                Add(axis, group.Key, group.Max(other => other.Multiple), change(group.Key));
        }

        void Add(string axis, int size, int? multiple, DecoderConfig config) =>
            found.Add(new(axis, size, multiple, config.Parameters, config.NonEmbeddingParameters));
    }

    /// <summary>The multiples next to a size, from one multiple to the most.</summary>
    private static IEnumerable<int> Around(int size, int multiple, int most)
    {
        var below = (size - 1) / multiple * multiple;
        var above = (size / multiple + 1) * multiple;
        if (below >= multiple)
            yield return below;
        if (above <= most)
            yield return above;
    }
}

using Espalier.Compression.Pruning;
using Espalier.Models;

namespace Espalier.Pipeline.Recipes;

/// <summary>What a cycle's student is distilled from.</summary>
public enum CycleTeacher
{
    /// <summary>The teacher of the whole run, corrected where the recipe says so.</summary>
    Original,

    /// <summary>The model that the cycle pruned.</summary>
    Previous,
}

/// <summary>Pruning and distilling in several cycles, each from the student of the one before.</summary>
public sealed record CyclesSection
{
    /// <summary>Non-embedding parameters that a cycle may cut: beyond a third the method asks for another cycle.</summary>
    public const double DefaultLargestCut = 1.0 / 3;

    /// <summary>Cycles; null is as many as <see cref="LargestCut"/> calls for.</summary>
    public int? Count { get; init; }

    /// <summary>Share of the non-embedding parameters that a cycle may cut, where the count is open.</summary>
    public double LargestCut { get; init; } = DefaultLargestCut;

    /// <summary>What each cycle's student is distilled from.</summary>
    public CycleTeacher Teacher { get; init; }

    /// <summary>Shapes on the way, before that of <c>prune</c>; empty for an even path.</summary>
    public IReadOnlyList<PruneTarget> Shapes { get; init; } = [];

    /// <summary>The shape after each cycle, the student's last.</summary>
    /// <exception cref="EspalierException">A shape that is larger than the one before, or a path that does not exist.</exception>
    public IReadOnlyList<DecoderConfig> Path(DecoderConfig teacher, DecoderConfig student)
    {
        if (Shapes.Count == 0)
            return Count is { } count ? ShapePath.Even(teacher, student, count) : ShapePath.Gentle(teacher, student, LargestCut);
        var path = new List<DecoderConfig>();
        foreach (var shape in Shapes)
            path.Add(shape.Apply(path.Count == 0 ? teacher : path[^1]));
        var last = path[^1];
        if (student.HiddenSize > last.HiddenSize || student.IntermediateSize > last.IntermediateSize || student.Layers > last.Layers
            || student.KeyValueHeads > last.KeyValueHeads || student.GroupSize > last.GroupSize)
            throw new EspalierException("cycles.shapes: prune's shape is larger than the last of them on some axis; each cycle can only cut");
        return [.. path, student];
    }
}

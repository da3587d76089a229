using Espalier.Models;

namespace Espalier.Compression.Pruning;

/// <summary>The shape to prune to; what is null stays as in the teacher. <c>head_dim</c> and the KV heads always stay.</summary>
public sealed record PruneTarget
{
    /// <summary>Width of the residual stream.</summary>
    public int? Hidden { get; init; }

    /// <summary>Width of the feed-forward block.</summary>
    public int? Ffn { get; init; }

    /// <summary>Query heads a layer; a multiple of the KV heads.</summary>
    public int? Heads { get; init; }

    /// <summary>Blocks.</summary>
    public int? Layers { get; init; }

    /// <summary>The student's config.</summary>
    /// <exception cref="EspalierException">A size above the teacher's, below one, or that breaks the head groups; the nearest legal one is named.</exception>
    public DecoderConfig Apply(DecoderConfig teacher)
    {
        if (Heads is { } heads && (heads % teacher.KeyValueHeads != 0 || heads < 1 || heads > teacher.QueryHeads))
            throw new EspalierException(
                $"prune.heads is {heads} and must be a multiple of the {teacher.KeyValueHeads} KV heads, at most {teacher.QueryHeads}: {NearestHeads(heads, teacher)}");
        return teacher with
        {
            HiddenSize = Within("hidden", Hidden, teacher.HiddenSize),
            IntermediateSize = Within("ffn", Ffn, teacher.IntermediateSize),
            Layers = Within("layers", Layers, teacher.Layers),
            QueryHeads = Heads ?? teacher.QueryHeads,
        };
    }

    private static int Within(string field, int? asked, int teacher)
    {
        if (asked is { } size && (size < 1 || size > teacher))
            throw new EspalierException($"prune.{field} is {size} and must be between 1 and the teacher's {teacher}: the nearest legal value is {Math.Clamp(size, 1, teacher)}");
        return asked ?? teacher;
    }

    private static string NearestHeads(int heads, DecoderConfig teacher)
    {
        var below = Math.Clamp(heads / teacher.KeyValueHeads * teacher.KeyValueHeads, teacher.KeyValueHeads, teacher.QueryHeads);
        var above = Math.Clamp(below + teacher.KeyValueHeads, teacher.KeyValueHeads, teacher.QueryHeads);
        return below == above || below > heads || above > teacher.QueryHeads ? $"the nearest legal value is {below}" : $"the nearest legal values are {below} and {above}";
    }
}

using Espalier.Models;

namespace Espalier.Compression.Pruning;

/// <summary>The shape to prune to; what is null stays as in the teacher. <c>head_dim</c> always stays.</summary>
public sealed record PruneTarget
{
    /// <summary>What widths must be multiples of where nobody says otherwise: matrix units work in tiles of it. CUDA's like 128.</summary>
    public const int DefaultMultiple = 64;

    /// <summary>Width of the residual stream.</summary>
    public int? Hidden { get; init; }

    /// <summary>Width of the feed-forward block.</summary>
    public int? Ffn { get; init; }

    /// <summary>
    /// Query heads a layer; a multiple of the KV heads. Null keeps the teacher's number a KV group. Where each query head has a KV head of its own (multi-head
    /// attention), fewer heads are fewer KV heads too, unless <see cref="KvHeads"/> says otherwise.
    /// </summary>
    public int? Heads { get; init; }

    /// <summary>KV heads a layer: fewer of them cut whole groups, with their query heads. Null keeps them all.</summary>
    public int? KvHeads { get; init; }

    /// <summary>Blocks.</summary>
    public int? Layers { get; init; }

    /// <summary>
    /// What <see cref="Hidden"/> and <see cref="Ffn"/> must be multiples of where they differ from the teacher's; 1 allows any. Null is
    /// <see cref="DefaultMultiple"/> for a width that is a multiple of it in the teacher, else 1.
    /// </summary>
    public int? Multiple { get; init; }

    /// <summary>The student's config.</summary>
    /// <exception cref="EspalierException">
    /// A size above the teacher's, below one, no multiple of what it must be, or that breaks the head groups; the nearest legal ones are named.
    /// </exception>
    public DecoderConfig Apply(DecoderConfig teacher)
    {
        if (Multiple < 1)
            throw new EspalierException($"prune.multiple is {Multiple} and must be at least 1, which allows any size");
        var kvHeads = Within("kv-heads", KvHeads ?? KvHeadsOf(Heads, teacher), teacher.KeyValueHeads);
        return teacher with
        {
            HiddenSize = OfMultiple("hidden", Hidden, teacher.HiddenSize),
            IntermediateSize = OfMultiple("ffn", Ffn, teacher.IntermediateSize),
            Layers = Within("layers", Layers, teacher.Layers),
            KeyValueHeads = kvHeads,
            QueryHeads = QueryHeads(kvHeads, teacher.GroupSize),
        };
    }

    /// <summary>The KV heads that go with a number of query heads where nothing else is said of them; null keeps them all.</summary>
    private static int? KvHeadsOf(int? heads, DecoderConfig teacher) => teacher.GroupSize == 1 && heads >= 1 && heads <= teacher.QueryHeads ? heads : null;

    /// <summary>What leads from one shape to a smaller one; sizes that stay are null.</summary>
    public static PruneTarget Between(DecoderConfig from, DecoderConfig to) => new()
    {
        Hidden = to.HiddenSize == from.HiddenSize ? null : to.HiddenSize,
        Ffn = to.IntermediateSize == from.IntermediateSize ? null : to.IntermediateSize,
        Layers = to.Layers == from.Layers ? null : to.Layers,
        KvHeads = to.KeyValueHeads == from.KeyValueHeads ? null : to.KeyValueHeads,
        Heads = to.QueryHeads == from.QueryHeads ? null : to.QueryHeads,
        Multiple = 1,
    };

    private int QueryHeads(int kvHeads, int groupSize)
    {
        var heads = Heads ?? kvHeads * groupSize;
        if (heads < 1 || heads % kvHeads != 0 || heads > kvHeads * groupSize)
            throw new EspalierException(
                $"prune.heads is {heads} and must be a multiple of the {kvHeads} KV heads, at most {kvHeads * groupSize}: {Nearest(heads, kvHeads, kvHeads * groupSize)}"
                + (heads < kvHeads && heads > 0 ? "; fewer need fewer KV heads (kv-heads), which cuts whole groups" : ""));
        return heads;
    }

    private int OfMultiple(string field, int? asked, int teacher)
    {
        var size = Within(field, asked, teacher);
        var multiple = Multiple ?? (teacher % DefaultMultiple == 0 ? DefaultMultiple : 1);
        if (size != teacher && size % multiple != 0)
            throw new EspalierException(
                $"prune.{field} is {size} and must be a multiple of {multiple}, which matrix units work in: {Nearest(size, multiple, teacher)}; `multiple: 1` (--multiple 1) allows any size");
        return size;
    }

    private static int Within(string field, int? asked, int teacher)
    {
        if (asked is { } size && (size < 1 || size > teacher))
            throw new EspalierException($"prune.{field} is {size} and must be between 1 and the teacher's {teacher}: the nearest legal value is {Math.Clamp(size, 1, teacher)}");
        return asked ?? teacher;
    }

    /// <summary>The multiples around a size, or the teacher's own size where no multiple lies above.</summary>
    private static string Nearest(int size, int multiple, int most)
    {
        var below = Math.Min(size, most) / multiple * multiple;
        var above = Math.Min(Math.Max(below, 0) + multiple, most);
        return below < multiple ? $"the nearest legal value is {above}"
            : size > most || above == below ? $"the nearest legal value is {(size > most ? most : below)}"
            : $"the nearest legal values are {below} and {above}";
    }
}

using Espalier.Compression.Pruning;
using Espalier.Models;

namespace Espalier.Pipeline.Options;

/// <summary>The keys of a shape: what <c>prune</c> cuts to, and each of the shapes on the way there.</summary>
internal static class ShapeKeys
{
    private static readonly (Axis Axis, string Help, string Page)[] s_axes =
    [
        (Axis.Hidden, "Width of the residual stream", "Width of the residual stream."),
        (Axis.Ffn, "Width of the feed-forward blocks", "Width of the feed-forward block."),
        (Axis.Heads, "Query heads of a layer, a multiple of the key/value heads; where each has its own, that goes with it", """
            Query heads of a layer, a multiple of the KV heads: the same number goes from each KV group. Where each query head has a KV
            head of its own (multi-head attention), any number: the KV head goes with it, as with `kv-heads`.
            """),
        (Axis.KvHeads, "Key/value heads of a layer: fewer of them cut whole groups", """
            KV heads of a layer. Fewer of them cut whole groups, those whose query heads have the least sum of scores; `heads` then counts
            what stays in the others, by default all.
            """),
        (Axis.Layers, "Layers", "Number of layers."),
    ];

    /// <summary>The keys of the sizes.</summary>
    public static IReadOnlyList<string> Sizes { get; } = [.. s_axes.Select(entry => entry.Axis.Key)];

    /// <summary>The keys of a shape that stands by itself, in a list of them.</summary>
    public static IReadOnlyList<Key<PruneTarget>> Keys { get; } =
        Of<PruneTarget>(s => s, (_, shape) => shape, _ => _ => null, isFirst: false);

    /// <summary>What recipes call it.</summary>
    public static Section Section { get; } = new("shapes", Keys);

    /// <summary>The keys of a shape that is part of a section.</summary>
    /// <param name="get">The shape.</param>
    /// <param name="set">The section with another one.</param>
    /// <param name="useless">Why a key of that name has no meaning beside others.</param>
    /// <param name="isFirst">Whether the page says what they mean; else that they mean it again.</param>
    public static IReadOnlyList<Key<S>> Of<S>(
        Func<S, PruneTarget> get, Func<S, PruneTarget, S> set, Func<string, Func<S, string?>> useless, bool isFirst) =>
    [
        .. s_axes.Select(entry => Size(
            entry.Axis.Key, entry.Help, isFirst ? entry.Page : "As in `prune`.", isFirst ? "the teacher's"
                : "stays", useless, s => get(s).Sizes[entry.Axis],
            (s, size) => set(s, get(s) with { Sizes = get(s).Sizes.With(entry.Axis, size) }),
            entry.Axis == Axis.KvHeads ? InStageKey.WhereItDiffers : InStageKey.Always)),
        Size(
            "multiple", "What --hidden and --ffn must be multiples of: 64 where the model's own are; 1 allows any, 128 suits CUDA",
            isFirst ? MultiplePage : "As in `prune`.", "64", useless, s => get(s).Multiple,
            (s, multiple) => set(s, get(s) with { Multiple = multiple }), InStageKey.Never),
    ];

    private const string MultiplePage = """
        What `hidden` and `ffn` must be multiples of where they differ from the teacher's, for matrix units work in tiles: 128 suits CUDA, 1
        allows any size. A width that is no multiple of 64 in the teacher itself is held to nothing unless this key says so.
        """;

    private static Key<S, int?> Size<S>(
        string name, string help, string page, string byDefault, Func<string, Func<S, string?>> useless, Func<S, int?> get,
        Func<S, int?, S> set, InStageKey stage) => new(name, Kinds.Size().OrAbsent(), get, set)
        {
            Help = help,
            ShowsDefault = false,
            PageDefault = byDefault,
            Page = page,
            Useless = useless(name),
            Stage = stage,
        };
}

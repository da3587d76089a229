using Espalier.Compression.Pruning;

namespace Espalier.Pipeline.Options.Shapes;

/// <summary>The keys of a shape: what <c>prune</c> cuts to, and each of the shapes on the way there.</summary>
internal static class ShapeKeys
{
    /// <summary>The keys of the sizes.</summary>
    public static IReadOnlyList<string> Sizes { get; } = [.. Axis.Asked.Select(axis => axis.Key)];

    /// <summary>The keys of a shape that stands by itself, in a list of them.</summary>
    public static IReadOnlyList<Key<PruneTarget>> Keys { get; } =
        Of<PruneTarget>(s => s, (_, shape) => shape, _ => _ => null, isFirst: false);

    public static Section Section { get; } = new("shapes", Keys);

    /// <summary>The keys of a shape that is part of a section.</summary>
    /// <param name="get">The shape.</param>
    /// <param name="set">The section with another one.</param>
    /// <param name="useless">Why a key of that name has no meaning beside others.</param>
    /// <param name="isFirst">Whether the page says what they mean; else that they mean it again.</param>
    public static IReadOnlyList<Key<S>> Of<S>(
        Func<S, PruneTarget> get, Func<S, PruneTarget, S> set, Func<string, Func<S, string?>> useless, bool isFirst) =>
    [
        .. Axis.Asked.Select(axis => Size(
            axis.Key, axis.Summary, isFirst ? axis.Page : "As in `prune`.", isFirst ? "the teacher's" : "stays", useless,
            s => get(s).Sizes[axis], (s, size) => set(s, get(s) with { Sizes = get(s).Sizes.With(axis, size) }),
            // The first four are in every key of the stage; what came later only where it is cut.
            axis == Axis.KvHeads || !axis.IsOfPlain ? InStageKey.WhereItDiffers : InStageKey.Always,
            !axis.IsOfPlain)),
        Size(
            "multiple",
            "Required multiple of --hidden, --ffn and --expert-ffn: 64 if the model's own are; 1 allows any, 128 suits CUDA",
            isFirst ? MultiplePage : "As in `prune`.", "64", useless, s => get(s).Multiple,
            (s, multiple) => set(s, get(s) with { Multiple = multiple }), InStageKey.Never),
    ];

    private const string MultiplePage = """
        `hidden`, `ffn` and `expert-ffn` must be multiples of this if they differ from the teacher's, because matrix units work in tiles:
        128 suits CUDA, 1 allows any size. A width that is not a multiple of 64 in the teacher itself is unrestricted unless this key is
        set.
        """;

    private static Key<S, int?> Size<S>(
        string name, string help, string page, string byDefault, Func<string, Func<S, string?>> useless, Func<S, int?> get,
        Func<S, int?, S> set, InStageKey stage, bool isLater = false) => new(name, Kinds.Size().OrAbsent(), get, set)
        {
            Help = help,
            PageDefault = byDefault,
            Page = page,
            Useless = useless(name),
            Stage = stage,
            IsLater = isLater,
        };
}

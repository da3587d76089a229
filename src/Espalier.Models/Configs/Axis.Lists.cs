namespace Espalier.Models;

// The axes in the orders in which they are walked. Made when they are first asked for: the axes stand in several files, and which is filled
// first nobody says.
public sealed partial class Axis
{
    /// <summary>All of them, in the order in which plans list them.</summary>
    public static IReadOnlyList<Axis> All => field ??=
    [
        Layers, Hidden, Heads, Ffn, KvHeads, Experts, ExpertFfn, SharedFfn, MambaHeads, MambaHeadDim, DeltaHeads, DeltaHeadDim,
        DeltaKeyHeads,
    ];

    /// <summary>All of them in the order in which recipes and commands ask for sizes: widths, units of a layer, layers.</summary>
    public static IReadOnlyList<Axis> Asked => field ??= [.. All.OrderBy(axis => axis.IsWidth ? 0 : axis.IsPerLayer ? 1 : 2)];

    /// <summary>Those whose units have scores of their own, in the order in which scores list them.</summary>
    public static IReadOnlyList<Axis> Scored => field ??= [.. All.Where(axis => axis.Taps.Count > 0).Reverse()];

    /// <summary>
    /// Those that a search may cut: first as Table 12 of arXiv 2407.14679 orders them, then those of mixtures and hybrids, each after what
    /// it is grouped by.
    /// </summary>
    internal static IReadOnlyList<Axis> Searched => field ??=
    [
        .. new[] { Layers, Heads, Ffn, Hidden }.Concat(All)
            .SelectMany(axis => axis.Groups is { } groups ? new[] { groups, axis } : [axis])
            .Where(axis => axis.IsSearched && All.Contains(axis)).Distinct(),
    ];

    /// <summary>
    /// The sizes of a shape as it is listed: of what its model has, and of what plain decoders have, 0 where this one has none.
    /// </summary>
    /// <param name="shape">The shape.</param>
    /// <param name="model">The model that it was cut from: all layers of a kind may have gone. Null takes the shape itself.</param>
    internal static PerAxis<int?> SizesOf(DecoderConfig shape, DecoderConfig? model = null) =>
        new(axis => axis.IsIn(model ?? shape) ? axis.Of(shape) : axis.IsOfPlain ? 0 : null);
}

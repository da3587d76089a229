namespace Espalier.Models;

/// <summary>The parts of a model that can be frozen, in the order in which they are named.</summary>
internal enum ParameterGroup
{
    /// <summary>The table of the embedding, which may be the head too.</summary>
    Embedding,

    /// <summary>A head that is a table of its own.</summary>
    Head,

    /// <summary>Norms, those of heads included.</summary>
    Norms,

    /// <summary>Projections of attention.</summary>
    Attention,

    /// <summary>State-space mixers, but for their norm.</summary>
    Mamba,

    /// <summary>Linear attention, but for its norm.</summary>
    Delta,

    /// <summary>Projections of the feed-forward block.</summary>
    Mlp,
}

/// <summary>
/// What is to be known of a kind of parameter. Shapes, slices, frozen parts, merges, counts, first values and error texts come from it.
/// </summary>
/// <param name="Role">What it is for.</param>
/// <param name="Group">What freezes it.</param>
/// <param name="Dimensions">Its dimensions, rows first.</param>
internal sealed record ParameterSpec(ParameterRole Role, ParameterGroup Group, params IReadOnlyList<Dimension> Dimensions)
{
    private static readonly ParameterSpec[] s_byRole = [.. ParameterSpecs.All.OrderBy(spec => spec.Role)];

    public static IReadOnlyList<ParameterSpec> All => s_byRole;

    public bool IsPerLayer { get; init; } = true;

    public bool IsPerExpert { get; init; }

    /// <summary>
    /// Whether a decoder of this config has it at all: in a layer of this kind, of any kind where it is outside the blocks.
    /// </summary>
    public Func<DecoderConfig, LayerKind, bool> Exists { get; init; } = static (_, _) => true;

    /// <summary>
    /// Whether a checkpoint has a 1 between rows and columns: the one channel that each row of a convolution by channels reads.
    /// </summary>
    public bool IsConvolution { get; init; }

    /// <summary>The first value of an element of what is no matrix, by its index; null is 1 where that is neutral, else 0.</summary>
    public Func<DecoderConfig, long, double>? First { get; init; }

    /// <summary>Where what it is multiplied with is tapped; null for what is no matrix of a block.</summary>
    public TapPoint? Input { get; init; }

    /// <summary>Whether it multiplies and changes nothing at one; a norm whose weight is stored less one changes nothing at zero.</summary>
    public Func<DecoderConfig, bool> IsNeutralAtOne { get; init; } = static _ => false;

    /// <summary>Whether what is stored is the weight less one.</summary>
    public Func<DecoderConfig, bool> IsStoredLessOne { get; init; } = static _ => false;

    /// <summary>
    /// What the weights are multiplied by where a model of other sizes takes them over, so that it computes the same as if only the units
    /// had gone: 1 but where a scale follows from a size.
    /// </summary>
    public Func<DecoderConfig, DecoderConfig, double> Factor { get; init; } = static (_, _) => 1;

    /// <summary>A stored value of one model as a model of other sizes stores it; null where that is the value itself.</summary>
    public Func<float, float>? Carried(DecoderConfig from, DecoderConfig to)
    {
        var (factor, less) = (Factor(from, to), IsStoredLessOne(from) ? 1 : 0);
        return factor == 1 ? null : value => (float)((value + less) * factor - less);
    }

    public static ParameterSpec Of(ParameterRole role) => s_byRole[(int)role];

    /// <summary>How many a block of a config has, where it has it at all.</summary>
    public int CountIn(DecoderConfig config) => IsPerExpert ? config.Experts : 1;

    /// <summary>The shape that a config calls for, rows first.</summary>
    public long[] Shape(DecoderConfig config) => [.. Dimensions.Select(dimension => dimension.Of(config))];

    public long Elements(DecoderConfig config)
    {
        var elements = 1L;
        for (var i = 0; i < Dimensions.Count; i++)
            elements *= Dimensions[i].Of(config);
        return elements;
    }

    /// <summary>The fields of <c>config.json</c> that the shape comes from, for errors.</summary>
    public string Fields => FieldsBy(static axis => axis.Field);

    /// <summary>The same with sizes by the names that a family has for them.</summary>
    internal string FieldsBy(Func<Axis, string> fieldOf) =>
        $"[{string.Join(", ", Dimensions.Select(dimension => dimension.FieldsBy(fieldOf)))}]";
}

using System.Globalization;
using Espalier.Compression.Pruning;
using Espalier.Models;

namespace Espalier.Compression.Search.Constraints;

/// <summary>A shape that a student could have, with the facts that follow from it by closed form.</summary>
/// <param name="Shape">The whole config.</param>
internal sealed record Candidate(DecoderConfig Shape)
{
    /// <summary>The axes that a search may cut, as Table 12 of arXiv 2407.14679 orders them; those of mixtures and hybrids last.</summary>
    public static IReadOnlyList<Axis> Axes { get; } =
    [
        Axis.Layers, Axis.Heads, Axis.Ffn, Axis.Hidden, Axis.Experts, Axis.ExpertFfn, Axis.MambaHeads, Axis.MambaHeadDim,
        Axis.DeltaKeyHeads, Axis.DeltaHeads, Axis.DeltaHeadDim,
    ];

    /// <summary>Those of a model.</summary>
    public static IEnumerable<Axis> AxesOf(DecoderConfig model) => Axes.Where(axis => axis.IsIn(model));

    /// <summary>The model whose axes it has: of a hybrid all layers of a kind may go, and its sizes are listed all the same.</summary>
    public DecoderConfig Model { get; init; } = Shape;

    /// <summary>Blocks.</summary>
    public int Layers => Shape.Layers;

    /// <summary>Query heads of a block.</summary>
    public int Heads => Shape.QueryHeads;

    /// <summary>Width of the feed-forward block.</summary>
    public int Ffn => Shape.IntermediateSize;

    /// <summary>Width of the residual stream.</summary>
    public int Hidden => Shape.HiddenSize;

    /// <summary>Experts of a block; null where there are none.</summary>
    public int? Experts => Axis.Experts.IsIn(Model) ? Shape.Experts : null;

    /// <summary>Width of an expert; null where there are none.</summary>
    public int? ExpertFfn => Axis.ExpertFfn.IsIn(Model) ? Shape.ExpertIntermediateSize : null;

    /// <summary>Heads of a Mamba layer; null where there are none.</summary>
    public int? MambaHeads => Axis.MambaHeads.IsIn(Model) ? Shape.Mamba.Heads : null;

    /// <summary>Channels of such a head; null where there are none.</summary>
    public int? MambaHeadDim => Axis.MambaHeadDim.IsIn(Model) ? Shape.Mamba.HeadDim : null;

    /// <summary>Key heads of a layer of linear attention; null where there are none, as the two that follow.</summary>
    public int? LinearKeyHeads => Axis.DeltaKeyHeads.IsIn(Model) ? Shape.Delta.Groups : null;

    /// <summary>Its value heads.</summary>
    public int? LinearValueHeads => Axis.DeltaHeads.IsIn(Model) ? Shape.Delta.Heads : null;

    /// <summary>Channels of one of these.</summary>
    public int? LinearValueHeadDim => Axis.DeltaHeadDim.IsIn(Model) ? Shape.Delta.HeadDim : null;

    /// <summary>All weights.</summary>
    public long Parameters => Shape.Parameters;

    /// <summary>Weights without the embedding table and the head.</summary>
    public long NonEmbeddingParameters => Shape.NonEmbeddingParameters;

    /// <summary><c>32/24/9216/3072</c>: the sizes of <see cref="Axes"/>.</summary>
    public string Name => string.Join('/', AxesOf(Model).Select(axis => axis.Of(Shape).ToString(CultureInfo.InvariantCulture)));

    /// <summary><c>layers/heads/ffn/hidden</c>: what <see cref="Name"/> has the sizes of.</summary>
    public string Keys => string.Join('/', AxesOf(Model).Select(axis => axis.Key));

    /// <summary>Bytes of the weights, and of the keys, values and states of so many sequences of so many positions.</summary>
    public long MemoryBytes(int elementBytes, long context, long sequences) => checked(elementBytes * Parameters
        + (Shape.KeyValueBytesPerToken(elementBytes) * context + Shape.StateBytesPerText(elementBytes)) * sequences);

    /// <summary>The sizes to prune to.</summary>
    public PruneTarget Target(int? multiple) =>
        new() { Sizes = new(axis => AxesOf(Model).Contains(axis) ? axis.Of(Shape) : null), Multiple = multiple };
}

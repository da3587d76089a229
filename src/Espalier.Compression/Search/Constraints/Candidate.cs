namespace Espalier.Compression.Search.Constraints;

/// <summary>A shape that a student could have, with the facts that follow from it by closed form.</summary>
/// <param name="Shape">The whole config.</param>
internal sealed record Candidate(DecoderConfig Shape)
{
    /// <summary>The model whose axes it has: of a hybrid all layers of a kind may go, and its sizes are listed all the same.</summary>
    public DecoderConfig Model { get; init; } = Shape;

    /// <summary>Blocks.</summary>
    public int Layers => Shape.Layers;

    /// <summary>Its sizes along the axes that a search may cut.</summary>
    public PerAxis<int?> Sizes => new(axis => axis.IsSearched ? Axis.SizesOf(Shape, Model)[axis] : null);

    /// <summary>All weights.</summary>
    public long Parameters => Shape.Parameters;

    /// <summary>Weights without the embedding table and the head.</summary>
    public long NonEmbeddingParameters => Shape.NonEmbeddingParameters;

    /// <summary><c>32/24/9216/3072</c>: its sizes.</summary>
    public string Name => ShapeName.Of(Sizes);

    /// <summary><c>layers/heads/…</c>: what <see cref="Name"/> has the sizes of.</summary>
    public string Keys => ShapeName.KeysOf(Sizes);

    /// <summary>Bytes of the weights, and of the keys, values and states of so many sequences of so many positions.</summary>
    public long MemoryBytes(int elementBytes, long context, long sequences) => checked(elementBytes * Parameters
        + (Shape.KeyValueBytesPerToken(elementBytes) * context + Shape.StateBytesPerText(elementBytes)) * sequences);
}

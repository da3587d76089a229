namespace Espalier.Models.Checkpoints.Safetensors;

/// <summary>One tensor of a safetensors file.</summary>
/// <param name="Name">Its name, such as <c>model.norm.weight</c>.</param>
/// <param name="Type">Type of its elements.</param>
/// <param name="Shape">Sizes of its axes, row-major; empty for a scalar.</param>
/// <param name="Offset">First byte, counted from the start of the file.</param>
/// <param name="ByteLength">Number of bytes.</param>
internal sealed record TensorEntry(string Name, ElementType Type, long[] Shape, long Offset, long ByteLength)
{
    /// <summary>
    /// How its bytes lie apart, where it is a part of a tensor whose other parts lie between; null for one after the other.
    /// </summary>
    public TensorPieces? Pieces { get; init; }

    /// <summary>
    /// How its elements lie apart, row and column, where it is a matrix that lies transposed between others; null elsewhere. Its
    /// <see cref="Offset"/> is that of the first.
    /// </summary>
    public TensorLattice? Lattice { get; init; }

    /// <summary>Number of elements: the product of the shape.</summary>
    public long Elements => ByteLength * 8 / Type.Bits();
}

/// <summary>Pieces of a tensor's bytes that are not contiguous.</summary>
/// <param name="Bytes">Bytes of each.</param>
/// <param name="Distance">From the beginning of one to that of the next.</param>
internal sealed record TensorPieces(long Bytes, long Distance);

/// <summary>Elements of a matrix that lie apart, in elements; those of one column lie together but for the matrices beside it.</summary>
/// <param name="Rows">Rows.</param>
/// <param name="Columns">Columns.</param>
/// <param name="RowStep">From a row to the next.</param>
/// <param name="ColumnStep">From a column to the next.</param>
internal sealed record TensorLattice(long Rows, long Columns, long RowStep, long ColumnStep);

/// <summary>A tensor to be written: what it is called, holds, and measures.</summary>
/// <param name="Name">Its name in the file.</param>
/// <param name="Type">Type of its elements in the file.</param>
/// <param name="Shape">Sizes of its axes, row-major; empty for a scalar.</param>
internal sealed record TensorSpec(string Name, ElementType Type, long[] Shape);

/// <summary>Whoever can hand out weights as floats: a checkpoint, a model in memory, a slice of another source.</summary>
public interface ITensorSource
{
    /// <summary>Copies elements of a tensor, row-major, from <paramref name="firstElement"/> on.</summary>
    /// <param name="name">The parameter's name in the checkpoint that is asked for.</param>
    /// <param name="firstElement">Index of the first element, counted over the whole tensor.</param>
    /// <param name="destination">The span to fill with elements.</param>
    void Fill(string name, long firstElement, Span<float> destination);
}

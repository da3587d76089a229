namespace Espalier.Models.Gguf;

/// <summary>One tensor of a GGUF file.</summary>
/// <param name="Name">Name by llama.cpp's convention, such as <c>blk.0.attn_q.weight</c>.</param>
/// <param name="Type">How its weights are stored.</param>
/// <param name="Shape">Sizes with the contiguous one last, as in a checkpoint; the file holds them reversed.</param>
/// <param name="Offset">First byte, counted from the start of the data, which the alignment follows from.</param>
internal sealed record GgufTensor(string Name, GgufType Type, IReadOnlyList<long> Shape, long Offset)
{
    /// <summary>Weights in a row: the contiguous size.</summary>
    public long Width => Shape[^1];

    public long Rows => Shape.Take(Shape.Count - 1).Aggregate(1L, (a, b) => a * b);

    public long Elements => Rows * Width;

    /// <summary>Bytes of the data, without padding.</summary>
    public long Bytes => Rows * Type.RowBytes(Width);
}

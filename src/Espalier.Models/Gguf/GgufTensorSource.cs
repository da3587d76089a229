namespace Espalier.Models.Gguf;

/// <summary>Fills a span with whole consecutive rows of a tensor, the first of which is <paramref name="firstRow"/>.</summary>
/// <param name="firstRow">Index of the first row wanted.</param>
/// <param name="rows">As many floats as the wanted rows have together.</param>
internal delegate void GgufRowReader(long firstRow, Span<float> rows);

/// <summary>A tensor to be written: what it is called, how it is stored, and where its weights come from.</summary>
/// <param name="Name">Name by llama.cpp's convention.</param>
/// <param name="Type">How to store it; rows must hold whole blocks of this type.</param>
/// <param name="Shape">Sizes, the contiguous one last.</param>
/// <param name="ReadRows">Reads rows as float32; called in ascending order.</param>
/// <param name="RowsAtOnce">The reader is asked for multiples of this many rows (a whole head where rows are reordered).</param>
internal sealed record GgufTensorSource(string Name, GgufType Type, IReadOnlyList<long> Shape, GgufRowReader ReadRows, int RowsAtOnce = 1)
{
    internal GgufTensor Described => new(Name, Type, Shape, Offset: 0);
}

/// <summary>How far an export is.</summary>
/// <param name="BytesDone">Bytes written so far.</param>
/// <param name="BytesTotal">Bytes of the finished file.</param>
/// <param name="Tensor">The tensor being written.</param>
internal readonly record struct GgufProgress(long BytesDone, long BytesTotal, string Tensor);

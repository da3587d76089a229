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
    /// <summary>What an error costs in each column; empty where it is the same everywhere.</summary>
    public ReadOnlyMemory<float> Importance { get; init; }

    internal GgufTensor Described => new(Name, Type, Shape, Offset: 0);
}

/// <summary>What storing a tensor cost.</summary>
/// <param name="Tensor">Its name.</param>
/// <param name="Type">How it is stored.</param>
/// <param name="Elements">Its weights.</param>
/// <param name="Bytes">Its bytes.</param>
/// <param name="Error">Root of the mean squared error over that of the mean square of the weights; 0 where all are 0.</param>
internal sealed record GgufTensorError(string Tensor, GgufType Type, long Elements, long Bytes, double Error)
{
    /// <summary>Sum of the squares of its weights; 0 where they are stored as they are, in float32.</summary>
    public double SquareSum { get; init; }
}

/// <summary>How far an export is.</summary>
/// <param name="BytesDone">Bytes written so far.</param>
/// <param name="BytesTotal">Bytes of the finished file.</param>
/// <param name="Tensor">The tensor being written.</param>
internal readonly record struct GgufProgress(long BytesDone, long BytesTotal, string Tensor);

using Espalier.Models.Checkpoints;

namespace Espalier.Models.Streaming;

/// <summary>
/// Reads parameters one by one out of a checkpoint's files, where they will lie, and counts the bytes. A value that is NaN or infinite is
/// refused where it is read, so that no pass over the files is needed before.
/// </summary>
internal sealed class ParameterReader(Checkpoint checkpoint, DType dtype)
{
    /// <summary>Stored bytes read so far.</summary>
    public long BytesRead { get; private set; }

    /// <summary>A whole parameter, widened. The caller owns the tensor; no scope does.</summary>
    public Tensor Read(NamedParameter named)
    {
        var entry = checkpoint.Entry(named.Name);
        var tensor = DecoderWeights.FromWriter(named.Shape, dtype, (first, values) => checkpoint.ReadFinite(named.Name, first, values));
        BytesRead += entry.ByteLength;
        return tensor;
    }

    /// <summary>One row of a matrix, as long as <paramref name="destination"/>.</summary>
    public void ReadRow(string name, long row, Span<float> destination)
    {
        checkpoint.ReadFinite(name, row * destination.Length, destination);
        BytesRead += destination.Length * checkpoint.Entry(name).Type.Bytes();
    }
}

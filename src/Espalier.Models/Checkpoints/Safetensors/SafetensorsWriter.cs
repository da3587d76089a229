using Espalier.Models.Checkpoints.Elements;

namespace Espalier.Models.Checkpoints.Safetensors;

/// <summary>Supplies stored bytes of a tensor that is being written.</summary>
/// <param name="tensor">The tensor; its offset counts from the start of the file.</param>
/// <param name="byteOffset">First byte that is wanted, within the tensor; a multiple of the element's size.</param>
/// <param name="destination">Receives as many bytes as it is long.</param>
internal delegate void TensorBytes(TensorEntry tensor, long byteOffset, Span<byte> destination);

/// <summary>Writes safetensors files in the reference library's layout, streaming: memory stays at one buffer.</summary>
internal static class SafetensorsWriter
{
    private const int BufferBytes = 4 << 20;

    /// <summary>Writes a file; it appears under its name when it is complete and on the disk, and not at all when anything fails.</summary>
    /// <param name="path">The file.</param>
    /// <param name="layout">What it holds and where.</param>
    /// <param name="bytes">Supplies the tensors' bytes, asked for in the order of the file.</param>
    /// <param name="progress">Receives the bytes written since it was told last.</param>
    /// <param name="cancellation">Stops the writing and removes what was written.</param>
    public static void Write(
        string path, SafetensorsLayout layout, TensorBytes bytes, Action<long>? progress = null,
        CancellationToken cancellation = default) =>
        DurableOutput.WriteFile(path, layout.Length, stream =>
        {
            stream.Write(layout.Header.Span);
            var buffer = new byte[Math.Min(BufferBytes, Math.Max(8, layout.Length))];
            foreach (var entry in layout.Entries)
            {
                for (long first = 0; first < entry.ByteLength; first += buffer.Length)
                {
                    cancellation.ThrowIfCancellationRequested();
                    var chunk = buffer.AsSpan(0, (int)Math.Min(buffer.Length, entry.ByteLength - first));
                    bytes(entry, first, chunk);
                    stream.Write(buffer, 0, chunk.Length);
                    progress?.Invoke(chunk.Length);
                }
            }
        });

    /// <summary>Supplies bytes from floats, narrowed to each tensor's type by rounding to nearest, ties to even.</summary>
    /// <param name="source">The floats.</param>
    /// <param name="narrowing">What becomes of values that the type cannot hold; by default they are refused.</param>
    public static TensorBytes Narrowed(ITensorSource source, Narrowing? narrowing = null)
    {
        narrowing ??= new();
        var floats = Array.Empty<float>();
        return (tensor, byteOffset, destination) =>
        {
            var size = tensor.Type.Bytes();
            var count = destination.Length / size;
            if (floats.Length < count)
                floats = new float[count];
            source.Fill(tensor.Name, byteOffset / size, floats.AsSpan(0, count));
            narrowing.Write(tensor.Name, byteOffset / size, tensor.Type, floats.AsSpan(0, count), destination);
        };
    }
}

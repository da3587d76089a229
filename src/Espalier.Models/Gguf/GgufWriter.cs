using System.Buffers;
using Espalier.Models.Checkpoints;

namespace Espalier.Models.Gguf;

/// <summary>Writes GGUF files, streamed: memory stays at a few megabytes whatever the model's size.</summary>
public static class GgufWriter
{
    private const int ChunkBytes = 4 << 20;

    /// <summary>
    /// Writes a file beside its final name, makes it durable, and renames it into place. Whatever was there stays until
    /// then; on failure or cancellation nothing is left behind.
    /// </summary>
    /// <exception cref="EspalierException">A weight does not fit its type, or the file cannot be written.</exception>
    public static void Write(
        string outputFile, GgufMetadata metadata, IReadOnlyList<GgufTensorSource> tensors, IProgress<GgufProgress>? progress = null, CancellationToken cancellation = default)
    {
        var layout = GgufLayout.Of(metadata, tensors.Select(t => t.Described));
        var output = Path.GetFullPath(outputFile);
        var folder = Path.GetDirectoryName(output);
        if (Directory.Exists(output))
            throw new EspalierException($"{outputFile}: is a folder; name a file, such as {Path.Combine(outputFile, "model.gguf")}");
        if (!Directory.Exists(folder))
            throw new EspalierException($"{outputFile}: the folder {folder} does not exist");

        // Our own reader has to accept the head before a weight is read for it.
        GgufFile.Check(layout.Head, outputFile, layout.TotalBytes);
        Durable.WriteFile(output, layout.TotalBytes, stream =>
        {
            stream.Write(layout.Head);
            foreach (var (source, place) in tensors.Zip(layout.Tensors))
                WriteTensor(stream, source, place, layout, progress, cancellation);
        });
    }

    private static void WriteTensor(
        FileStream stream, GgufTensorSource source, GgufTensor place, GgufLayout layout, IProgress<GgufProgress>? progress, CancellationToken cancellation)
    {
        long unit = source.RowsAtOnce, width = place.Width;
        var rowsPerChunk = Math.Min(place.Rows, Math.Max(1, ChunkBytes / (width * sizeof(float)) / unit) * unit);
        var weights = ArrayPool<float>.Shared.Rent((int)(rowsPerChunk * width));
        var bytes = ArrayPool<byte>.Shared.Rent((int)(rowsPerChunk * place.Type.RowBytes(width)));
        try
        {
            for (var row = 0L; row < place.Rows; row += rowsPerChunk)
            {
                cancellation.ThrowIfCancellationRequested();
                var rows = Math.Min(rowsPerChunk, place.Rows - row);
                var chunk = weights.AsSpan(0, (int)(rows * width));
                var encoded = bytes.AsSpan(0, (int)(rows * place.Type.RowBytes(width)));
                source.ReadRows(row, chunk);
                if (!GgufEncoding.TryEncode(place.Type, chunk, encoded))
                    throw Unfit(source, chunk);
                stream.Write(encoded);
                progress?.Report(new(stream.Position, layout.TotalBytes, source.Name));
            }
        }
        finally
        {
            ArrayPool<float>.Shared.Return(weights);
            ArrayPool<byte>.Shared.Return(bytes);
        }
        Span<byte> padding = stackalloc byte[GgufLayout.Alignment];
        padding.Clear();
        stream.Write(padding[..(int)(GgufLayout.Align(place.Bytes) - place.Bytes)]);
    }

    private static EspalierException Unfit(GgufTensorSource source, ReadOnlySpan<float> weights)
    {
        var largest = 0f;
        foreach (var weight in weights)
            if (!float.IsFinite(weight))
                return new($"tensor {source.Name} holds {weight}: a model with weights that are not finite is not exported");
            else
                largest = MathF.Max(largest, MathF.Abs(weight));
        return new($"tensor {source.Name} holds a weight of size {largest:G6}, which {source.Type} cannot store; export as {GgufType.BF16.Name()} or {GgufType.F32.Name()}");
    }
}

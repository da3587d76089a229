using System.Buffers;
using Espalier.Models.Checkpoints.Elements;

namespace Espalier.Models.Gguf;

/// <summary>Writes GGUF files, streamed: memory stays at a few megabytes whatever the model's size.</summary>
internal static class GgufWriter
{
    private const int ChunkBytes = 4 << 20;

    /// <summary>
    /// Writes a file beside its final name, makes it durable, and renames it into place. Whatever was there stays until
    /// then; on failure or cancellation nothing is left behind.
    /// </summary>
    /// <returns>What storing each tensor cost, in file order.</returns>
    /// <exception cref="EspalierException">A weight does not fit its type, or the file cannot be written.</exception>
    public static IReadOnlyList<GgufTensorError> Write(
        string outputFile, GgufMetadata metadata, IReadOnlyList<GgufTensorSource> tensors, IProgress<GgufProgress>? progress = null,
        bool clamp = false,
        CancellationToken cancellation = default)
    {
        var layout = GgufLayout.Of(metadata, tensors.Select(t => t.Described));
        var output = Path.GetFullPath(outputFile);
        var folder = Path.GetDirectoryName(output);
        if (Directory.Exists(output))
            throw new EspalierException($"{outputFile}: is a folder; give a file, such as {Path.Combine(outputFile, "model.gguf")}");
        if (!Directory.Exists(folder))
            throw new EspalierException($"{outputFile}: the folder {folder} does not exist");

        // Our own reader has to accept the head before a weight is read for it.
        GgufFile.Check(layout.Head, outputFile, layout.TotalBytes);
        foreach (var (source, place) in tensors.Zip(layout.Tensors))
            if (RowsOfChunk(source, place) * Math.Max(place.Width, place.Type.RowBytes(place.Width)) > Array.MaxLength)
                throw new EspalierException($"tensor {source.Name}: rows of {place.Width} weights are too large to be written at once");
        var errors = new List<GgufTensorError>();
        DurableOutput.WriteFile(output, layout.TotalBytes, stream =>
        {
            stream.Write(layout.Head);
            var done = (long)layout.Head.Length;
            foreach (var (source, place) in tensors.Zip(layout.Tensors))
                errors.Add(WriteTensor(stream, ref done, source, place, layout, progress, clamp, cancellation));
        });
        return errors;
    }

    private static GgufTensorError WriteTensor(
        Stream stream, ref long done, GgufTensorSource source, GgufTensor place, GgufLayout layout, IProgress<GgufProgress>? progress,
        bool clamp,
        CancellationToken cancellation)
    {
        var (rowsPerChunk, width) = (RowsOfChunk(source, place), place.Width);
        var weights = ArrayPool<float>.Shared.Rent((int)(rowsPerChunk * width));
        var bytes = ArrayPool<byte>.Shared.Rent((int)(rowsPerChunk * place.Type.RowBytes(width)));
        var rowEncoder = new GgufRowEncoder(place.Type, (int)width, source.Importance);
        try
        {
            for (var row = 0L; row < place.Rows; row += rowsPerChunk)
            {
                cancellation.ThrowIfCancellationRequested();
                var rows = Math.Min(rowsPerChunk, place.Rows - row);
                var chunk = weights.AsSpan(0, (int)(rows * width));
                var encoded = bytes.AsSpan(0, (int)(rows * place.Type.RowBytes(width)));
                source.ReadRows(row, chunk);
                if (!rowEncoder.TryEncode(weights, bytes, (int)rows))
                {
                    // NaN and infinity are not clamped: whatever stands in their place would be made up.
                    if (!clamp || ElementConversion.IndexOfNonFinite(chunk) >= 0
                        || ElementConversion.Clamp(GgufEncoding.Largest(place.Type), chunk) == 0
                        || !rowEncoder.TryEncode(weights, bytes, (int)rows))
                        throw Unfit(source, place, row, chunk);
                }
                stream.Write(encoded);
                done += encoded.Length;
                progress?.Report(new(done, layout.TotalBytes, source.Name));
            }
        }
        finally
        {
            ArrayPool<float>.Shared.Return(weights);
            ArrayPool<byte>.Shared.Return(bytes);
        }
        Span<byte> padding = stackalloc byte[GgufLayout.Alignment];
        padding.Clear();
        var missing = (int)(GgufLayout.Align(place.Bytes) - place.Bytes);
        stream.Write(padding[..missing]);
        done += missing;
        return new(place.Name, place.Type, place.Elements, place.Bytes, rowEncoder.Error) { SquareSum = rowEncoder.SquareSum };
    }

    private static long RowsOfChunk(GgufTensorSource source, GgufTensor place) => Math.Min(place.Rows,
        Math.Max(1, ChunkBytes / (place.Width * sizeof(float)) / source.RowsAtOnce) * source.RowsAtOnce);

    private static EspalierException Unfit(GgufTensorSource source, GgufTensor place, long firstRow, ReadOnlySpan<float> weights)
    {
        for (var i = 0; i < weights.Length; i++)
            if (!GgufEncoding.Fits(place.Type, weights[i]))
            {
                var where = $"tensor {source.Name}: row {firstRow + i / place.Width}, column {i % place.Width} is {weights[i]:G9}";
                return new(float.IsFinite(weights[i])
                    ? $"{where}, which {source.Type} cannot hold (at most {GgufEncoding.Largest(place.Type):G9}): export as "
                        + $"{GgufType.BF16.Name()} or {GgufType.F32.Name()}, or clamp (--clamp, in a recipe clamp: true)"
                    : $"{where}: a model with weights that are not finite cannot be exported");
            }
        return new(
            $"tensor {source.Name}: rows {firstRow} to {firstRow + weights.Length / place.Width - 1} cannot be stored as {source.Type}; "
                + $"export as {GgufType.F32.Name()}");
    }
}

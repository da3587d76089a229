using System.Buffers.Binary;
using System.Text.Encodings.Web;

namespace Espalier.Models.Checkpoints.Safetensors;

/// <summary>
/// Where each tensor of a file to be written will lie, in the reference library's order: by descending element type, then by name.
/// </summary>
internal sealed class SafetensorsLayout
{
    private SafetensorsLayout(byte[] header, IReadOnlyList<TensorEntry> entries, long length) =>
        (Header, Entries, Length) = (header, entries, length);

    /// <summary>The file's first bytes: eight of the header's length, and the header, padded to a multiple of eight.</summary>
    public ReadOnlyMemory<byte> Header { get; }

    /// <summary>The tensors in the order of their bytes.</summary>
    public IReadOnlyList<TensorEntry> Entries { get; }

    /// <summary>Bytes of the whole file.</summary>
    public long Length { get; }

    /// <summary>Lays out a file.</summary>
    /// <param name="tensors">What it will hold.</param>
    /// <param name="metadata">Free text pairs; null writes <c>format: pt</c>, as PyTorch's side of the library does.</param>
    /// <exception cref="EspalierException">A name stands twice, or a shape has no size that can be written.</exception>
    public static SafetensorsLayout Plan(IEnumerable<TensorSpec> tensors, IReadOnlyDictionary<string, string>? metadata = null)
    {
        var sorted = tensors.OrderByDescending(static tensor => tensor.Type).ThenBy(static tensor => tensor.Name, StringComparer.Ordinal)
            .ToArray();
        var entries = new TensorEntry[sorted.Length];
        var names = new HashSet<string>(StringComparer.Ordinal);
        long end = 0;
        for (var i = 0; i < sorted.Length; i++)
        {
            var (name, type, shape) = sorted[i];
            if (!names.Add(name) || name == "__metadata__")
                throw new EspalierException($"tensor '{name}' cannot be written: the name is used twice or reserved");
            var bytes = ByteLength(sorted[i]);
            entries[i] = new(name, type, shape, end, bytes);
            end = checked(end + bytes);
        }

        var header = Encode(entries, metadata ?? new Dictionary<string, string> { ["format"] = "pt" });
        return new(header, [.. entries.Select(entry => entry with { Offset = entry.Offset + header.Length })],
            checked(end + header.Length));
    }

    public static long ByteLength(TensorSpec tensor)
    {
        try
        {
            var bits = tensor.Shape.Aggregate((Int128)tensor.Type.Bits(), static (product, size) =>
                size >= 0 ? checked(product * size) : throw new OverflowException());
            if (bits % 8 == 0)
                return checked((long)(bits / 8));
        }
        catch (OverflowException)
        {
            // Reported below.
        }

        throw new EspalierException(
            $"tensor '{tensor.Name}' cannot be written: shape {SafetensorsHeader.Text(tensor.Shape)} "
                + $"of {tensor.Type.Name()} has no size in bytes");
    }

    private static byte[] Encode(TensorEntry[] entries, IReadOnlyDictionary<string, string> metadata)
    {
        using var memory = new MemoryStream();
        memory.Write(stackalloc byte[8]);
        // The reference writes names as they are; the relaxed encoder escapes what JSON demands and little more.
        using (var json = new Utf8JsonWriter(memory, new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            if (metadata.Count > 0)
            {
                json.WriteStartObject("__metadata__");
                foreach (var (key, value) in metadata)
                    json.WriteString(key, value);
                json.WriteEndObject();
            }

            foreach (var entry in entries)
            {
                json.WriteStartObject(entry.Name);
                json.WriteString("dtype", entry.Type.Name());
                json.WriteStartArray("shape");
                foreach (var size in entry.Shape)
                    json.WriteNumberValue(size);
                json.WriteEndArray();
                json.WriteStartArray("data_offsets");
                json.WriteNumberValue(entry.Offset);
                json.WriteNumberValue(entry.Offset + entry.ByteLength);
                json.WriteEndArray();
                json.WriteEndObject();
            }

            json.WriteEndObject();
        }

        while (memory.Length % 8 != 0)
            memory.WriteByte((byte)' ');
        var header = memory.ToArray();
        if (header.Length - 8 > SafetensorsHeader.MaxLength)
            throw new EspalierException(
                $"{entries.Length} tensors need a header of {header.Length - 8} bytes, more than the limit of "
                    + $"{SafetensorsHeader.MaxLength}");
        BinaryPrimitives.WriteInt64LittleEndian(header, header.Length - 8);
        return header;
    }
}

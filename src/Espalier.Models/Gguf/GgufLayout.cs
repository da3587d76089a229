using System.Text;

namespace Espalier.Models.Gguf;

/// <summary>
/// The head of a GGUF file, version 3: magic, counts, metadata, tensor table, and where each tensor's data will lie.
/// Known in full before the first weight is read, so that the file's size is known before it is begun.
/// </summary>
internal sealed class GgufLayout
{
    /// <summary>Every tensor, and the data as a whole, begins at a multiple of this many bytes.</summary>
    public const int Alignment = 32;

    public const uint Version = 3;

    public static ReadOnlySpan<byte> Magic => "GGUF"u8;

    private GgufLayout(byte[] head, IReadOnlyList<GgufTensor> tensors, long dataBytes)
    {
        Head = head;
        Tensors = tensors;
        TotalBytes = head.Length + dataBytes;
    }

    /// <summary>The bytes before the data, padding included.</summary>
    public byte[] Head { get; }

    /// <summary>The tensors with their offsets, in file order.</summary>
    public IReadOnlyList<GgufTensor> Tensors { get; }

    /// <summary>Size of the whole file.</summary>
    public long TotalBytes { get; }

    /// <summary>Lays tensors out one after another; the offsets that they carry are not read.</summary>
    public static GgufLayout Of(GgufMetadata metadata, IEnumerable<GgufTensor> tensors)
    {
        var placed = new List<GgufTensor>();
        var offset = 0L;
        foreach (var tensor in tensors)
        {
            placed.Add(tensor with { Offset = offset });
            offset += Align(tensor.Bytes);
        }

        using var head = new MemoryStream();
        using var writer = new BinaryWriter(head);
        writer.Write(Magic);
        writer.Write(Version);
        writer.Write((ulong)placed.Count);
        writer.Write((ulong)metadata.Count);
        foreach (var (key, value) in metadata)
        {
            WriteText(writer, key);
            writer.Write((uint)GgufValueTypes.Of(value));
            WriteValue(writer, value);
        }
        foreach (var tensor in placed)
        {
            WriteText(writer, tensor.Name);
            writer.Write((uint)tensor.Shape.Count);
            foreach (var size in tensor.Shape.Reverse())
                writer.Write((ulong)size);
            writer.Write((uint)tensor.Type);
            writer.Write((ulong)tensor.Offset);
        }
        head.SetLength(Align(head.Length));
        return new(head.ToArray(), placed, offset);
    }

    /// <summary>The next multiple of the alignment.</summary>
    public static long Align(long position) => (position + Alignment - 1) / Alignment * Alignment;

    private static void WriteValue(BinaryWriter writer, object value)
    {
        switch (value)
        {
            case Array array:
                writer.Write((uint)GgufValueTypes.Of(array.GetType().GetElementType()!));
                writer.Write((ulong)array.Length);
                foreach (var item in array)
                    WriteValue(writer, item);
                break;
            case string text: WriteText(writer, text); break;
            case bool flag: writer.Write(flag); break;
            case byte number: writer.Write(number); break;
            case sbyte number: writer.Write(number); break;
            case ushort number: writer.Write(number); break;
            case short number: writer.Write(number); break;
            case uint number: writer.Write(number); break;
            case int number: writer.Write(number); break;
            case float number: writer.Write(number); break;
            case ulong number: writer.Write(number); break;
            case long number: writer.Write(number); break;
            case double number: writer.Write(number); break;
            default: throw new ArgumentException($"GGUF has no type for {value.GetType().Name}", nameof(value));
        }
    }

    private static void WriteText(BinaryWriter writer, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        writer.Write((ulong)bytes.Length);
        writer.Write(bytes);
    }
}

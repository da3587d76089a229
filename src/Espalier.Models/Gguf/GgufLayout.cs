using System.Buffers.Binary;
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
        head.Write(Magic);
        Write(head, Version);
        Write(head, (ulong)placed.Count);
        Write(head, (ulong)metadata.Count);
        foreach (var (key, value) in metadata)
        {
            Write(head, key);
            Write(head, (uint)GgufValueTypes.Of(value));
            WriteValue(head, value);
        }
        foreach (var tensor in placed)
        {
            Write(head, tensor.Name);
            Write(head, (uint)tensor.Shape.Count);
            foreach (var size in tensor.Shape.Reverse())
                Write(head, (ulong)size);
            Write(head, (uint)tensor.Type);
            Write(head, (ulong)tensor.Offset);
        }
        head.SetLength(Align(head.Length));
        return new(head.ToArray(), placed, offset);
    }

    /// <summary>The next multiple of the alignment.</summary>
    public static long Align(long position) => (position + Alignment - 1) / Alignment * Alignment;

    private static void WriteValue(Stream stream, object value)
    {
        switch (value)
        {
            case Array array:
                Write(stream, (uint)GgufValueTypes.Of(array.GetType().GetElementType()!));
                Write(stream, (ulong)array.Length);
                foreach (var item in array)
                    WriteValue(stream, item);
                break;
            case string text: Write(stream, text); break;
            case bool flag: stream.WriteByte(flag ? (byte)1 : (byte)0); break;
            case byte number: stream.WriteByte(number); break;
            case sbyte number: stream.WriteByte((byte)number); break;
            case ushort number: stream.Write(BitConverter.GetBytes(number)); break;
            case short number: stream.Write(BitConverter.GetBytes(number)); break;
            case uint number: Write(stream, number); break;
            case int number: Write(stream, (uint)number); break;
            case float number: Write(stream, BitConverter.SingleToUInt32Bits(number)); break;
            case ulong number: Write(stream, number); break;
            case long number: Write(stream, (ulong)number); break;
            case double number: Write(stream, BitConverter.DoubleToUInt64Bits(number)); break;
            default: throw new ArgumentException($"GGUF has no type for {value.GetType().Name}", nameof(value));
        }
    }

    private static void Write(Stream stream, uint value)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, value);
        stream.Write(bytes);
    }

    private static void Write(Stream stream, ulong value)
    {
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
        stream.Write(bytes);
    }

    private static void Write(Stream stream, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        Write(stream, (ulong)bytes.Length);
        stream.Write(bytes);
    }
}

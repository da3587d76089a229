using System.Buffers.Binary;
using System.Text;

namespace Espalier.Models.Gguf;

/// <summary>
/// Reads the head of a GGUF file forwards and refuses, before anything is allocated, every length that the rest of the
/// file cannot hold. Errors name the file and the byte.
/// </summary>
internal sealed class GgufCursor(Stream stream, string file)
{
    private static readonly UTF8Encoding s_strictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>What an error about a file that ends too early says last.</summary>
    internal const string CutOff = "it was cut off or is damaged: copy or download it again";

    private readonly byte[] _scratch = new byte[8];

    public long Position => stream.Position;

    public long Remaining => stream.Length - stream.Position;

    public uint ReadUInt32(string what) => BinaryPrimitives.ReadUInt32LittleEndian(Take(4, what));

    public ulong ReadUInt64(string what) => BinaryPrimitives.ReadUInt64LittleEndian(Take(8, what));

    /// <summary>A count of things of which each takes at least <paramref name="leastBytes"/>.</summary>
    public long ReadCount(string what, int leastBytes)
    {
        var count = ReadUInt64(what);
        if (count > (ulong)(Remaining / leastBytes))
            throw Refuse($"{what} is {count}, but only {Remaining} bytes follow; {CutOff}");
        if (count > (ulong)Array.MaxLength)
            throw Refuse($"{what} is {count}, more than {Array.MaxLength}");
        return (long)count;
    }

    public string ReadString(string what)
    {
        var length = ReadCount($"the length of {what}", 1);
        var bytes = new byte[length];
        stream.ReadExactly(bytes);
        try
        {
            return s_strictUtf8.GetString(bytes);
        }
        catch (DecoderFallbackException)
        {
            throw Refuse($"{what} is not valid UTF-8");
        }
    }

    public object ReadValue(GgufValueType type, string what) => type switch
    {
        GgufValueType.UInt8 => Take(1, what)[0],
        GgufValueType.Int8 => (sbyte)Take(1, what)[0],
        GgufValueType.UInt16 => BinaryPrimitives.ReadUInt16LittleEndian(Take(2, what)),
        GgufValueType.Int16 => BinaryPrimitives.ReadInt16LittleEndian(Take(2, what)),
        GgufValueType.UInt32 => ReadUInt32(what),
        GgufValueType.Int32 => (int)ReadUInt32(what),
        GgufValueType.Float32 => BinaryPrimitives.ReadSingleLittleEndian(Take(4, what)),
        GgufValueType.Bool => ReadBool(what),
        GgufValueType.String => ReadString(what),
        GgufValueType.Array => ReadArray(what),
        GgufValueType.UInt64 => ReadUInt64(what),
        GgufValueType.Int64 => (long)ReadUInt64(what),
        GgufValueType.Float64 => BinaryPrimitives.ReadDoubleLittleEndian(Take(8, what)),
        _ => throw Refuse($"{what} has the unknown value type {(uint)type}"),
    };

    public EspalierException Refuse(string problem) => new($"{file}: byte {stream.Position}: {problem}");

    private object ReadArray(string what)
    {
        var type = (GgufValueType)ReadUInt32(what);
        if (type == GgufValueType.Array || type.LeastBytes() == 0)
            throw Refuse($"{what} is an array of value type {(uint)type}, which is not supported");
        var count = ReadCount($"the number of items of {what}", type.LeastBytes());
        if (count > Array.MaxLength)
            throw Refuse($"{what} has {count} items, more than {Array.MaxLength}");
        return type switch
        {
            GgufValueType.UInt8 => Fill<byte>(type, count, what),
            GgufValueType.Int8 => Fill<sbyte>(type, count, what),
            GgufValueType.UInt16 => Fill<ushort>(type, count, what),
            GgufValueType.Int16 => Fill<short>(type, count, what),
            GgufValueType.UInt32 => Fill<uint>(type, count, what),
            GgufValueType.Int32 => Fill<int>(type, count, what),
            GgufValueType.Float32 => Fill<float>(type, count, what),
            GgufValueType.Bool => Fill<bool>(type, count, what),
            GgufValueType.String => Fill<string>(type, count, what),
            GgufValueType.UInt64 => Fill<ulong>(type, count, what),
            GgufValueType.Int64 => Fill<long>(type, count, what),
            _ => Fill<double>(type, count, what),
        };
    }

    private T[] Fill<T>(GgufValueType type, long count, string what)
    {
        var items = new T[count];
        for (var i = 0; i < items.Length; i++)
            items[i] = (T)ReadValue(type, what);
        return items;
    }

    private bool ReadBool(string what)
        => Take(1, what)[0] switch
        {
            0 => false,
            1 => true,
            var other => throw Refuse($"{what} is {other}; a boolean must be 0 or 1"),
        };

    private ReadOnlySpan<byte> Take(int count, string what)
    {
        if (Remaining < count)
            throw Refuse($"the file ends inside {what}: {count} bytes are needed but {Remaining} are left; {CutOff}");
        stream.ReadExactly(_scratch, 0, count);
        return _scratch.AsSpan(0, count);
    }
}

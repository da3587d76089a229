using System.Buffers.Binary;
using System.Text;

namespace Espalier.Tests.Runs;

/// <summary>One event of a TensorBoard file as a reader sees it.</summary>
internal sealed record BoardEvent(double WallTime, long Step, string? Version, int? SessionStatus,
    IReadOnlyDictionary<string, float> Scalars);

/// <summary>
/// Reads TensorBoard's event files by the description of the formats, with every sum checked; shares nothing with the writer.
/// </summary>
internal static class EventFile
{
    /// <summary>All whole records of a file; a torn last one is left out, as TensorBoard does.</summary>
    public static List<BoardEvent> Read(string path)
    {
        var events = new List<BoardEvent>();
        var bytes = File.ReadAllBytes(path).AsSpan();
        while (bytes.Length >= 12)
        {
            var length = (int)BinaryPrimitives.ReadInt64LittleEndian(bytes);
            Assert.Equal(Masked(Crc32C(bytes[..8])), BinaryPrimitives.ReadUInt32LittleEndian(bytes[8..]));
            if (bytes.Length < 16 + length)
                break;
            var data = bytes.Slice(12, length);
            Assert.Equal(Masked(Crc32C(data)), BinaryPrimitives.ReadUInt32LittleEndian(bytes[(12 + length)..]));
            events.Add(Event(data));
            bytes = bytes[(16 + length)..];
        }
        return events;
    }

    /// <summary>CRC-32C bit by bit, from its reversed polynomial.</summary>
    public static uint Crc32C(ReadOnlySpan<byte> data)
    {
        var crc = ~0u;
        foreach (var value in data)
        {
            crc ^= value;
            for (var bit = 0; bit < 8; bit++)
                crc = (crc & 1) != 0 ? crc >> 1 ^ 0x82f63b78u : crc >> 1;
        }
        return ~crc;
    }

    private static uint Masked(uint crc) => (crc >> 15 | crc << 17) + 0xa282ead8u;

    private static BoardEvent Event(ReadOnlySpan<byte> data)
    {
        var (time, step, version, status, scalars) = (0.0, 0L, default(string), default(int?), new Dictionary<string, float>());
        foreach (var (field, number, bytes) in Fields(data))
            switch (field)
            {
                case 1: time = BitConverter.UInt64BitsToDouble(number); break;
                case 2: step = (long)number; break;
                case 3: version = Encoding.UTF8.GetString(bytes); break;
                case 5:
                    foreach (var (inner, _, value) in Fields(bytes))
                    {
                        Assert.Equal(1, inner);
                        var parts = Fields(value);
                        scalars.Add(Encoding.UTF8.GetString(parts.Single(part => part.Field == 1).Bytes),
                            BitConverter.UInt32BitsToSingle((uint)parts.Single(part => part.Field == 2).Number));
                    }
                    break;
                case 7: status = (int)Fields(bytes).Single(part => part.Field == 1).Number; break;
                default: Assert.Fail($"field {field}"); break;
            }
        return new(time, step, version, status, scalars);
    }

    private static List<(int Field, ulong Number, byte[] Bytes)> Fields(ReadOnlySpan<byte> data)
    {
        var fields = new List<(int, ulong, byte[])>();
        while (!data.IsEmpty)
        {
            var key = Varint(ref data);
            switch (key & 7)
            {
                case 0: fields.Add(((int)(key >> 3), Varint(ref data), [])); break;
                case 1: fields.Add(((int)(key >> 3), BinaryPrimitives.ReadUInt64LittleEndian(data), [])); data = data[8..]; break;
                case 2:
                    var length = (int)Varint(ref data);
                    fields.Add(((int)(key >> 3), 0, data[..length].ToArray()));
                    data = data[length..];
                    break;
                case 5: fields.Add(((int)(key >> 3), BinaryPrimitives.ReadUInt32LittleEndian(data), [])); data = data[4..]; break;
                default: Assert.Fail($"wire type {key & 7}"); break;
            }
        }
        return fields;
    }

    private static ulong Varint(ref ReadOnlySpan<byte> data)
    {
        var value = 0UL;
        for (var shift = 0; ; shift += 7)
        {
            var next = data[0];
            data = data[1..];
            value |= (ulong)(next & 0x7f) << shift;
            if (next < 0x80)
                return value;
        }
    }
}

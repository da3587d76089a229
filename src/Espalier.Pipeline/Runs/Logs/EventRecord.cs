using System.Buffers.Binary;
using System.Numerics;
using System.Text;

namespace Espalier.Pipeline.Runs.Logs;

/// <summary>
/// One record of a TensorBoard event file: TFRecord framing (length, masked CRC-32C of the length, data, masked CRC-32C of the data, all
/// little-endian) around an <c>Event</c> message, of which six fields are enough (tensorboard/compat/proto/event.proto, summary.proto).
/// </summary>
internal static class EventRecord
{
    // Field numbers of the messages, and the wire types of protocol buffers.
    private const int WallTime = 1, Step = 2, FileVersion = 3, Summary = 5, SessionLog = 7;
    private const int SummaryValue = 1, ValueTag = 1, ValueSimple = 2, SessionStatus = 1, StatusStart = 1;
    private const int Varint = 0, Fixed64 = 1, Bytes = 2, Fixed32 = 5;

    /// <summary>The first record of every file.</summary>
    public static byte[] Version(double wallTime) =>
        Frame([.. Double(WallTime, wallTime), .. Message(FileVersion, "brain.Event:2"u8)]);

    /// <summary>Tells TensorBoard that training begins here again: it drops what it has of this step and later ones.</summary>
    public static byte[] Start(double wallTime, long step) =>
        Frame([.. Double(WallTime, wallTime), .. Number(Step, step), .. Message(SessionLog, Number(SessionStatus, StatusStart))]);

    /// <summary>Scalars of one step.</summary>
    public static byte[] Scalars(double wallTime, long step, ReadOnlySpan<(string Tag, double Value)> values)
    {
        var summary = new List<byte>();
        foreach (var (tag, value) in values)
            summary.AddRange(
                Message(SummaryValue, [.. Message(ValueTag, Encoding.UTF8.GetBytes(tag)), .. Single(ValueSimple, (float)value)]));
        return Frame([.. Double(WallTime, wallTime), .. Number(Step, step), .. Message(Summary, [.. summary])]);
    }

    /// <summary>CRC-32C (RFC 3720, appendix B.4).</summary>
    public static uint Crc(ReadOnlySpan<byte> data)
    {
        var crc = uint.MaxValue;
        foreach (var value in data)
            crc = BitOperations.Crc32C(crc, value);
        return ~crc;
    }

    /// <summary>TFRecord's masking, so that the sum of data that holds sums is not degenerate.</summary>
    public static uint Masked(uint crc) => BitOperations.RotateRight(crc, 15) + 0xa282ead8u;

    private static byte[] Frame(byte[] data)
    {
        var record = new byte[8 + 4 + data.Length + 4];
        BinaryPrimitives.WriteInt64LittleEndian(record, data.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(record.AsSpan(8), Masked(Crc(record.AsSpan(0, 8))));
        data.CopyTo(record, 12);
        BinaryPrimitives.WriteUInt32LittleEndian(record.AsSpan(12 + data.Length), Masked(Crc(data)));
        return record;
    }

    private static byte[] Double(int field, double value) => [(byte)(field << 3 | Fixed64), .. BitConverter.GetBytes(value)];

    private static byte[] Single(int field, float value) => [(byte)(field << 3 | Fixed32), .. BitConverter.GetBytes(value)];

    private static byte[] Number(int field, long value) => [(byte)(field << 3 | Varint), .. Variable((ulong)value)];

    private static byte[] Message(int field, ReadOnlySpan<byte> value) =>
        [(byte)(field << 3 | Bytes), .. Variable((ulong)value.Length), .. value];

    private static List<byte> Variable(ulong value)
    {
        var bytes = new List<byte>(2);
        for (; value >= 0x80; value >>= 7)
            bytes.Add((byte)(value | 0x80));
        bytes.Add((byte)value);
        return bytes;
    }
}

using System.Buffers.Binary;
using System.Text;

namespace Espalier.Models.Tokenizers.Formats;

/// <summary>Reads the fields of one message in protocol buffers' wire format.</summary>
/// <param name="message">The bytes.</param>
/// <param name="path">The file, for errors.</param>
internal ref struct ProtobufReader(ReadOnlySpan<byte> message, string path)
{
    private ReadOnlySpan<byte> _rest = message;

    /// <summary>The number of the field that was read last.</summary>
    public int Field { get; private set; }

    /// <summary>Its bytes: of a text, a message, or a number of fixed size; empty for a varint.</summary>
    public ReadOnlySpan<byte> Bytes { get; private set; }

    /// <summary>The value of a varint.</summary>
    public ulong Number { get; private set; }

    /// <summary>Goes to the next field; false at the end.</summary>
    public bool Read()
    {
        if (_rest.IsEmpty)
            return false;
        var tag = Varint();
        Field = tag >> 3 <= int.MaxValue ? (int)(tag >> 3) : throw Damaged();
        Number = 0;
        Bytes = default;
        switch (tag & 7)
        {
            case 0:
                Number = Varint();
                break;
            case 1:
                Bytes = Take(8);
                break;
            case 2:
                Bytes = Take(Varint());
                break;
            case 5:
                Bytes = Take(4);
                break;
            default:
                throw Damaged();
        }
        return true;
    }

    /// <summary>The bytes as text.</summary>
    public readonly string Text()
    {
        try
        {
            return new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(Bytes);
        }
        catch (DecoderFallbackException)
        {
            throw Damaged();
        }
    }

    /// <summary>A number of four bytes.</summary>
    public readonly float Float() => Bytes.Length == 4 ? BinaryPrimitives.ReadSingleLittleEndian(Bytes) : throw Damaged();

    private ReadOnlySpan<byte> Take(ulong count)
    {
        if (count > (ulong)_rest.Length)
            throw Damaged();
        var taken = _rest[..(int)count];
        _rest = _rest[(int)count..];
        return taken;
    }

    private ulong Varint()
    {
        var value = 0UL;
        for (var shift = 0; shift < 64; shift += 7)
        {
            var next = Take(1)[0];
            value |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80)
                return value;
        }
        throw Damaged();
    }

    private readonly EspalierException Damaged() => NoModel(path);

    /// <summary>The error for a file that is something else.</summary>
    public static EspalierException NoModel(string path) => new(
        $"{path}: not a SentencePiece model, or a damaged one. A tokenizer.model in tiktoken's format (lines of base64 and "
            + "ranks, as Llama 3 has it) does not say how text is split: download tokenizer.json instead");
}

using System.Buffers;
using System.Text;
using Espalier.Models.Tokenizers.Bpe;

namespace Espalier.Models.Tokenizers.Splitting;

/// <summary>
/// Writes a piece in GPT-2's alphabet for bytes, for files that cut it further after that, as Falcon's do: there, the byte B2 of a
/// character is a digit, for its letter is U+00B2.
/// </summary>
internal sealed class ByteLevelStep(WordStep next) : WordStep
{
    public override void Accept(ReadOnlySpan<char> piece, bool startsText, IdBuffer ids)
    {
        var size = Encoding.UTF8.GetByteCount(piece);
        var bytes = ArrayPool<byte>.Shared.Rent(size);
        var mapped = ArrayPool<char>.Shared.Rent(size);
        Encoding.UTF8.GetBytes(piece, bytes);
        for (var i = 0; i < size; i++)
            mapped[i] = ByteAlphabet.ToCharacter(bytes[i]);
        next.Accept(mapped.AsSpan(0, size), startsText, ids);
        ArrayPool<char>.Shared.Return(mapped);
        ArrayPool<byte>.Shared.Return(bytes);
    }
}

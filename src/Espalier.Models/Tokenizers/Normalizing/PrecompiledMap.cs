using System.Buffers.Binary;
using System.Text;
using Espalier.Models.Tokenizers.Formats;

namespace Espalier.Models.Tokenizers.Normalizing;

/// <summary>
/// SentencePiece's compiled rules (<c>precompiled_charsmap</c>): a double-array trie over UTF-8 (Darts-clone) and the texts that its
/// values point at. Applied as Hugging Face's library applies it, which is not quite as SentencePiece does: by grapheme clusters below six
/// bytes, a whole cluster becoming what the shortest rule says that begins it.
/// </summary>
internal sealed class PrecompiledMap
{
    private readonly uint[] _units;
    private readonly byte[] _texts;

    private PrecompiledMap(uint[] units, byte[] texts) => (_units, _texts) = (units, texts);

    /// <summary>Reads the rules, in base64.</summary>
    public static PrecompiledMap Read(TokenizerNode node)
    {
        var text = node.Text();
        var bytes = new byte[text.Length];
        if (!Convert.TryFromBase64String(text, bytes, out var count))
            throw node.Refuse("not valid base64.");
        return Of(bytes.AsSpan(0, count), node.Refuse);
    }

    /// <summary>Reads the rules.</summary>
    /// <param name="bytes">The size of the trie in bytes, the trie, the texts, each ended by a zero.</param>
    /// <param name="refuse">Makes the error.</param>
    public static PrecompiledMap Of(ReadOnlySpan<byte> bytes, Func<string, EspalierException> refuse)
    {
        var size = bytes.Length < 4 ? uint.MaxValue : BinaryPrimitives.ReadUInt32LittleEndian(bytes);
        if (size > bytes.Length - 4 || size % 4 != 0 || size == 0)
            throw refuse($"the compiled rules are damaged: a trie of {size} bytes does not fit into {bytes.Length}.");
        var units = new uint[size / 4];
        for (var i = 0; i < units.Length; i++)
            units[i] = BinaryPrimitives.ReadUInt32LittleEndian(bytes[(4 + 4 * i)..]);
        return new(units, bytes[(4 + (int)size)..].ToArray());
    }

    /// <summary>The text by the rules; the very same string where none applies.</summary>
    public string Apply(string text)
    {
        var (result, done) = ((StringBuilder?)null, 0);
        Span<byte> bytes = stackalloc byte[8];
        for (int at = 0, length; at < text.Length; at += length)
        {
            length = StringInfo.GetNextTextElementLength(text, at);
            var cluster = text.AsSpan(at, length);
            if (length <= 5 && Encoding.UTF8.GetByteCount(cluster) < 6
                && Find(bytes[..Encoding.UTF8.GetBytes(cluster, bytes)]) is { } whole)
            {
                (result ??= new()).Append(text, done, at - done).Append(whole);
                done = at + length;
                continue;
            }
            for (int i = at, units; i < at + length; i += units)
            {
                units = char.IsHighSurrogate(text[i]) ? 2 : 1;
                if (Find(bytes[..Encoding.UTF8.GetBytes(text.AsSpan(i, units), bytes)]) is not { } one)
                    continue;
                (result ??= new()).Append(text, done, i - done).Append(one);
                done = i + units;
            }
        }
        return result is null ? text : result.Append(text, done, text.Length - done).ToString();
    }

    // What the shortest rule says that begins the key; a unit outside of the trie ends the search.
    private string? Find(ReadOnlySpan<byte> key)
    {
        var node = Offset(_units[0]);
        foreach (var value in key)
        {
            node ^= value;
            if (value == 0 || node >= (uint)_units.Length || (_units[node] & 0x800000FF) != value)
                return null;
            var unit = _units[node];
            node ^= Offset(unit);
            if ((unit >> 8 & 1) == 0)
                continue;
            if (node >= (uint)_units.Length)
                return null;
            var text = _texts.AsSpan(Math.Min(_texts.Length, (int)(_units[node] & int.MaxValue)));
            var end = text.IndexOf((byte)0);
            return Encoding.UTF8.GetString(end < 0 ? text : text[..end]);
        }
        return null;
    }

    private static uint Offset(uint unit) => unit >> 10 << (int)((unit & 512) >> 6);
}

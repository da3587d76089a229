using System.Buffers;
using System.Globalization;
using System.Text;

namespace Espalier.Models.Tokenizers;

/// <summary>What the BPE model of a tokenizer.json says.</summary>
internal sealed record BpeOptions
{
    public required IReadOnlyDictionary<string, int> Vocabulary { get; init; }

    public required MergeTable Merges { get; init; }

    /// <summary>Words are mapped to <see cref="ByteAlphabet"/> before they are looked up.</summary>
    public bool ByteLevel { get; init; }

    public bool IgnoreMerges { get; init; }

    public bool ByteFallback { get; init; }

    public bool FuseUnknown { get; init; }

    public int? UnknownId { get; init; }
}

/// <summary>The last step: a word becomes symbols, the symbols merge, the ids go out.</summary>
internal sealed class BpeStep : WordStep
{
    private readonly BpeOptions _options;
    private readonly WordCache _cache = new();
    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> _vocabulary;

    // Ids of tokens of one character of the basic plane, and of the byte tokens; −1 where there is none.
    private readonly int[] _characters = new int[0x10000];
    private readonly int[] _bytes = new int[256];

    public BpeStep(BpeOptions options)
    {
        _options = options;
        var vocabulary = new Dictionary<string, int>(options.Vocabulary, StringComparer.Ordinal);
        _vocabulary = vocabulary.GetAlternateLookup<ReadOnlySpan<char>>();
        Array.Fill(_characters, -1);
        foreach (var (token, id) in vocabulary)
            if (token.Length == 1)
                _characters[token[0]] = id;
        for (var value = 0; value < 256; value++)
            _bytes[value] = vocabulary.GetValueOrDefault(string.Create(CultureInfo.InvariantCulture, $"<0x{value:X2}>"), -1);
    }

    public override void Accept(ReadOnlySpan<char> piece, bool startsText, List<int> ids)
    {
        if (_cache.TryAppend(piece, ids))
            return;
        if (!_options.ByteLevel)
        {
            Encode(piece, piece, ids);
            return;
        }
        var size = Encoding.UTF8.GetByteCount(piece);
        if (size <= 256)
        {
            Span<byte> bytes = stackalloc byte[size];
            Span<char> mapped = stackalloc char[size];
            EncodeBytes(piece, bytes, mapped, ids);
        }
        else
        {
            var bytes = ArrayPool<byte>.Shared.Rent(size);
            var mapped = ArrayPool<char>.Shared.Rent(size);
            EncodeBytes(piece, bytes.AsSpan(0, size), mapped.AsSpan(0, size), ids);
            ArrayPool<char>.Shared.Return(mapped);
            ArrayPool<byte>.Shared.Return(bytes);
        }
    }

    private void EncodeBytes(ReadOnlySpan<char> piece, Span<byte> bytes, Span<char> mapped, List<int> ids)
    {
        Encoding.UTF8.GetBytes(piece, bytes);
        for (var i = 0; i < bytes.Length; i++)
            mapped[i] = ByteAlphabet.ToCharacter(bytes[i]);
        Encode(piece, mapped, ids);
    }

    private void Encode(ReadOnlySpan<char> word, ReadOnlySpan<char> mapped, List<int> ids)
    {
        if (_options.IgnoreMerges && _vocabulary.TryGetValue(mapped, out var whole))
        {
            ids.Add(whole);
            _cache.Set(word, [whole]);
            return;
        }
        // A character takes at most three byte tokens for each UTF-16 unit, or one token.
        var most = _options.ByteFallback ? checked(3 * mapped.Length) : mapped.Length;
        var rented = most > 256 ? ArrayPool<int>.Shared.Rent(most) : null;
        var symbols = rented is null ? stackalloc int[256] : rented.AsSpan();
        symbols = symbols[..Symbols(mapped, symbols)];
        symbols = symbols[..MergeLoop.Merge(symbols, _options.Merges)];
        ids.AddRange((ReadOnlySpan<int>)symbols);
        _cache.Set(word, symbols);
        if (rented is not null)
            ArrayPool<int>.Shared.Return(rented);
    }

    /// <summary>
    /// One symbol a character; what the vocabulary lacks becomes byte tokens, else the unknown token, else nothing. As in
    /// the reference library, byte tokens go out before an unknown token that is still waiting to be fused.
    /// </summary>
    private int Symbols(ReadOnlySpan<char> mapped, Span<int> symbols)
    {
        var (count, unknowns) = (0, 0);
        Span<byte> bytes = stackalloc byte[4];
        for (int index = 0, length; index < mapped.Length; index += length)
        {
            length = char.IsHighSurrogate(mapped[index]) ? 2 : 1;
            var id = length == 1 ? _characters[mapped[index]] : _vocabulary.TryGetValue(mapped.Slice(index, length), out var found) ? found : -1;
            if (id >= 0)
            {
                count = WriteUnknown(symbols, count, ref unknowns);
                symbols[count++] = id;
            }
            else if (_options.ByteFallback && HasAllBytes(bytes[..Encoding.UTF8.GetBytes(mapped.Slice(index, length), bytes)]))
            {
                var written = Encoding.UTF8.GetByteCount(mapped.Slice(index, length));
                foreach (var value in bytes[..written])
                    symbols[count++] = _bytes[value];
            }
            else if (_options.UnknownId is not null)
            {
                if (!_options.FuseUnknown)
                    count = WriteUnknown(symbols, count, ref unknowns);
                unknowns = 1;
            }
        }
        return WriteUnknown(symbols, count, ref unknowns);
    }

    private int WriteUnknown(Span<int> symbols, int count, ref int unknowns)
    {
        if (unknowns > 0)
            symbols[count++] = _options.UnknownId!.Value;
        unknowns = 0;
        return count;
    }

    private bool HasAllBytes(ReadOnlySpan<byte> bytes)
    {
        foreach (var value in bytes)
            if (_bytes[value] < 0)
                return false;
        return true;
    }
}

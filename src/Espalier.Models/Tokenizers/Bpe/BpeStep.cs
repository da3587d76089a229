using System.Buffers;
using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Text;

namespace Espalier.Models.Tokenizers.Bpe;

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
internal sealed class BpeStep : CachedWordStep
{
    private readonly BpeOptions _options;
    private readonly ConcurrentBag<LongWords> _longWords = [];
    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> _vocabulary;

    // Ids of tokens of one character of the basic plane, and of the byte tokens; −1 where there is none.
    private readonly int[] _characters = new int[0x10000];
    private readonly int[] _bytes = new int[256];

    // Hashing a longer word, to look whether it is a token, would be in vain.
    private readonly int _longestToken;

    public BpeStep(BpeOptions options)
    {
        _options = options;
        var vocabulary = new Dictionary<string, int>(options.Vocabulary, StringComparer.Ordinal);
        _vocabulary = vocabulary.GetAlternateLookup<ReadOnlySpan<char>>();
        Array.Fill(_characters, -1);
        foreach (var (token, id) in vocabulary)
        {
            _longestToken = Math.Max(_longestToken, token.Length);
            if (token.Length == 1)
                _characters[token[0]] = id;
        }
        for (var value = 0; value < 256; value++)
            _bytes[value] = vocabulary.GetValueOrDefault(string.Create(CultureInfo.InvariantCulture, $"<0x{value:X2}>"), -1);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    protected override void Encode(ReadOnlySpan<char> piece, IdBuffer ids)
    {
        if (!_options.ByteLevel)
        {
            EncodeMapped(piece, ids);
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

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void EncodeBytes(ReadOnlySpan<char> piece, Span<byte> bytes, Span<char> mapped, IdBuffer ids)
    {
        Encoding.UTF8.GetBytes(piece, bytes);
        for (var i = 0; i < bytes.Length; i++)
            mapped[i] = ByteAlphabet.ToCharacter(bytes[i]);
        EncodeMapped(mapped, ids);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void EncodeMapped(ReadOnlySpan<char> mapped, IdBuffer ids)
    {
        if (_options.IgnoreMerges && mapped.Length <= _longestToken && _vocabulary.TryGetValue(mapped, out var whole))
        {
            ids.Add(whole);
            return;
        }
        // A character takes at most three byte tokens for each UTF-16 unit, or one token.
        var most = _options.ByteFallback ? checked(3 * mapped.Length) : mapped.Length;
        var symbols = ids.Free(most);
        symbols = symbols[..Symbols(mapped, symbols)];
        ids.Advance(Merge(symbols));
    }

    private int Merge(Span<int> symbols)
    {
        if (symbols.Length <= MergeLoop.PlainLimit)
            return MergeLoop.Plain(symbols, _options.Merges);
        if (!_longWords.TryTake(out var merger))
            merger = new(_options.Merges);
        var left = merger.Merge(symbols);
        _longWords.Add(merger);
        return left;
    }

    /// <summary>
    /// One symbol a character; what the vocabulary lacks becomes byte tokens, else the unknown token, else nothing. As in
    /// the reference library, byte tokens go out before an unknown token that is still waiting to be fused.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private int Symbols(ReadOnlySpan<char> mapped, Span<int> symbols)
    {
        var (count, unknowns) = (0, 0);
        Span<byte> bytes = stackalloc byte[4];
        for (int index = 0, length; index < mapped.Length; index += length)
        {
            length = char.IsHighSurrogate(mapped[index]) ? 2 : 1;
            var id = length == 1 ? _characters[mapped[index]] : _vocabulary.TryGetValue(mapped.Slice(index, length), out var found) ? found
                : -1;
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

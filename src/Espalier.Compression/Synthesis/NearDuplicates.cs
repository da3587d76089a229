namespace Espalier.Compression.Synthesis;

/// <summary>
/// Finds texts that repeat most of an earlier one. Texts are sets of five words in a row, without case and punctuation; those that agree in
/// a band of their <see cref="MinHash"/> are compared word for word. A text of fewer than five words is like no other: short answers may
/// well be the same. Not for several threads.
/// </summary>
/// <param name="threshold">Jaccard similarity from which on a text repeats another.</param>
/// <param name="most">Numbers of 8 bytes that are remembered of texts; the oldest texts are forgotten first. Null remembers all.</param>
internal sealed class NearDuplicates(double threshold, long? most = null)
{
    /// <summary>What a stream of unknown length remembers: some 50 million words, in about a gigabyte of memory.</summary>
    public const long Bounded = 64 << 20;

    /// <summary>Words in a row.</summary>
    public const int InARow = 5;

    private readonly int _rows = MinHash.RowsOfBand(threshold);
    private readonly Queue<(ulong[] Set, ulong[] Bands)> _order = [];
    private readonly Dictionary<long, ulong[]> _texts = [];
    private readonly Dictionary<ulong, List<long>> _bands = [];
    private long _added, _forgotten, _numbers;

    /// <summary>Takes a text in, unless it repeats one that was taken in before.</summary>
    /// <returns>Whether it is new.</returns>
    public bool Add(string text)
    {
        var set = SetOf(text);
        if (set.Length == 0)
            return true;
        var signature = MinHash.Of(set);
        var (bands, seen) = (new ulong[MinHash.Values / _rows], new HashSet<long>());
        for (var band = 0; band < bands.Length; band++)
        {
            bands[band] = (ulong)band;
            foreach (var value in signature.AsSpan(band * _rows, _rows))
                bands[band] = SplitMix.Next(bands[band] ^ value);
            foreach (var other in _bands.GetValueOrDefault(bands[band]) ?? [])
                if (seen.Add(other) && Jaccard(set, _texts[other]) >= threshold)
                    return false;
        }
        foreach (var band in bands)
        {
            if (!_bands.TryGetValue(band, out var texts))
                _bands.Add(band, texts = []);
            texts.Add(_added);
        }
        _texts.Add(_added++, set);
        if (most is { } limit)
            Forget(set, bands, limit);
        return true;
    }

    private void Forget(ulong[] set, ulong[] bands, long limit)
    {
        _order.Enqueue((set, bands));
        for (_numbers += set.Length + bands.Length; _numbers > limit && _order.Count > 1; _forgotten++)
        {
            var oldest = _order.Dequeue();
            _numbers -= oldest.Set.Length + oldest.Bands.Length;
            _texts.Remove(_forgotten);
            foreach (var band in oldest.Bands)
                if (_bands[band] is var texts && texts.Count == 1)
                    _bands.Remove(band);
                else
                    texts.Remove(_forgotten);
        }
    }

    /// <summary>Hashes of the different rows of words of a text, ascending.</summary>
    internal static ulong[] SetOf(string text)
    {
        var words = new List<ulong>();
        var (hash, letters) = (0UL, 0);
        foreach (var c in text)
            // Chinese and Japanese have no blanks between words.
            if (c is >= '\u2E80' and <= '\u9FFF')
            {
                End();
                (hash, letters) = (SplitMix.Next(c), 1);
                End();
            }
            else if (char.IsLetterOrDigit(c) || char.IsSurrogate(c) || (letters > 0 && c is '\'' or '’'))
                (hash, letters) = (SplitMix.Next(hash ^ char.ToLowerInvariant(c)), letters + 1);
            else
                End();
        End();
        var rows = new HashSet<ulong>();
        for (var first = 0; first + InARow <= words.Count; first++)
        {
            var row = 0UL;
            for (var i = 0; i < InARow; i++)
                row = SplitMix.Next(row ^ words[first + i]);
            rows.Add(row);
        }
        return [.. rows.Order()];

        void End()
        {
            if (letters > 0)
                words.Add(hash);
            (hash, letters) = (0, 0);
        }
    }

    /// <summary>|A ∩ B| / |A ∪ B| of two ascending lists without repetitions.</summary>
    internal static double Jaccard(ReadOnlySpan<ulong> a, ReadOnlySpan<ulong> b)
    {
        var (i, j, both) = (0, 0, 0);
        while (i < a.Length && j < b.Length)
            if (a[i] == b[j])
                (i, j, both) = (i + 1, j + 1, both + 1);
            else if (a[i] < b[j])
                i++;
            else
                j++;
        return (double)both / (a.Length + b.Length - both);
    }
}

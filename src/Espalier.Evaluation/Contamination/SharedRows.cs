using System.Runtime.InteropServices;

namespace Espalier.Evaluation.Contamination;

/// <summary>What a document shares with a training text.</summary>
/// <param name="Rows">Its rows of words, each counted once; 0 where it is too short to have one.</param>
/// <param name="Shared">Those that the training text has, too.</param>
/// <param name="Words">The first of these; null where there are none.</param>
/// <param name="Origin">Where the training text first has it.</param>
internal sealed record DocumentOverlap(int Rows, int Shared, string? Words, string? Origin)
{
    /// <summary>Whether it shares any.</summary>
    public bool IsShared => Shared > 0;

    /// <summary>The share of its rows that the training text has, too.</summary>
    public double Share => Rows == 0 ? 0 : (double)Shared / Rows;
}

/// <summary>
/// The rows of words of all documents, looked up by their hashes and held against the words themselves. Memory goes with the documents, not
/// with what is looked up; several threads may look up at once, and in whatever order they do, what is found is the same.
/// </summary>
internal sealed class SharedRows
{
    private readonly IReadOnlyList<string> _texts;
    private readonly int[][] _ofDocument;
    private readonly Dictionary<ulong, int> _byHash = [];
    private readonly (int Document, Range Row)[] _rows;

    // The training text that has a row first, by its number in the order of reading.
    private readonly long[] _first;
    private readonly string?[] _origins;
    private readonly Lock _gate = new();

    /// <summary>Reads the rows of the documents.</summary>
    public SharedRows(IReadOnlyList<string> texts)
    {
        var (rows, all) = (new List<(int, Range)>(), new List<int[]>());
        foreach (var (document, text) in texts.Index())
        {
            var words = new ComparedWords(text);
            var own = new List<int>();
            while (words.Next())
            {
                ref var row = ref CollectionsMarshal.GetValueRefOrAddDefault(_byHash, words.Hash, out var isKnown);
                if (!isKnown)
                {
                    row = rows.Count;
                    rows.Add((document, words.Row));
                }
                own.Add(row);
            }
            all.Add([.. own.Distinct()]);
        }
        (_texts, _rows, _ofDocument) = (texts, [.. rows], [.. all]);
        (_first, _origins) = (new long[rows.Count], new string?[rows.Count]);
        Array.Fill(_first, long.MaxValue);
    }

    /// <summary>Looks up the rows of a training text.</summary>
    /// <param name="origin">Where it stands.</param>
    /// <param name="number">Its number in the order of reading.</param>
    /// <returns>Its words.</returns>
    public int LookUp(string text, string origin, long number)
    {
        var words = new ComparedWords(text);
        while (words.Next())
            if (_byHash.TryGetValue(words.Hash, out var row) && number < Volatile.Read(ref _first[row]) && IsSame(row, text[words.Row]))
                lock (_gate)
                    if (number < _first[row])
                        (_first[row], _origins[row]) = (number, origin);
        return words.Words;
    }

    /// <summary>Whether a text has any row of any document; nothing is remembered of it.</summary>
    public bool Shares(string text)
    {
        var words = new ComparedWords(text);
        while (words.Next())
            if (_byHash.TryGetValue(words.Hash, out var row) && IsSame(row, text[words.Row]))
                return true;
        return false;
    }

    /// <summary>What each document shares with all that was looked up.</summary>
    public IReadOnlyList<DocumentOverlap> Overlaps() => [.. _ofDocument.Select(own =>
    {
        int[] shared = [.. own.Where(row => _first[row] < long.MaxValue)];
        return shared.Length == 0 ? new DocumentOverlap(own.Length, 0, null, null)
            : new(own.Length, shared.Length, WordsOf(shared[0]), _origins[shared[0]]);
    })];

    private bool IsSame(int row, string words) => ComparedWords.Of(words) == WordsOf(row);

    private string WordsOf(int row) => ComparedWords.Of(_texts[_rows[row].Document].AsSpan()[_rows[row].Row]);
}

namespace Espalier.Evaluation.Retrieval;

/// <summary>The two numbers of BM25.</summary>
/// <param name="K1">How soon a word's repetitions stop to count; 0 counts none.</param>
/// <param name="B">How much a long passage is held back: 0 not at all, 1 by its whole length.</param>
internal sealed record Bm25Options(double K1 = 1.2, double B = 0.75);

/// <summary>A passage that was found.</summary>
/// <param name="Place">Its place in the set, from 0.</param>
/// <param name="Score">Its score, above 0.</param>
internal sealed record Bm25Hit(int Place, double Score);

/// <summary>
/// Okapi BM25 (Robertson and others, TREC-3, 1994) over a set of passages, title and text together, with Lucene's idf, which is never
/// negative: ln(1 + (N − n + ½) / (n + ½)) · f · (k1 + 1) / (f + k1 · (1 − b + b · l / mean l)), summed over the words of the question,
/// each as often as it stands there. Lengths are exact, where Lucene keeps one byte of them. Not changed once made; for any number of
/// threads.
/// </summary>
internal sealed class Bm25
{
    private readonly Dictionary<string, (int Passage, int Count)[]> _postings;
    private readonly double[] _norms;
    private readonly Bm25Options _options;

    /// <summary>Counts the words of passages.</summary>
    /// <param name="passages">The passages, at least one.</param>
    /// <param name="options">Null by default: 1.2 and 0.75.</param>
    public Bm25(IReadOnlyList<Passage> passages, Bm25Options? options = null)
    {
        ArgumentOutOfRangeException.ThrowIfZero(passages.Count);
        _options = options ?? new();
        var lengths = new int[passages.Count];
        var postings = new Dictionary<string, List<(int, int)>>(StringComparer.Ordinal);
        foreach (var (place, passage) in passages.Index())
        {
            var words = SearchWords.Of($"{passage.Title}\n{passage.Text}");
            lengths[place] = words.Count;
            foreach (var (word, count) in words.CountBy(static word => word, StringComparer.Ordinal))
            {
                if (!postings.TryGetValue(word, out var list))
                    postings[word] = list = [];
                list.Add((place, count));
            }
        }
        var mean = Math.Max(lengths.Average(), double.Epsilon);
        _norms = [.. lengths.Select(length => _options.K1 * (1 - _options.B + _options.B * length / mean))];
        _postings = postings.ToDictionary(entry => entry.Key, entry => entry.Value.ToArray(), StringComparer.Ordinal);
    }

    /// <summary>
    /// The best passages, the best first and of equal ones the earlier; those with none of the words are never among them.
    /// </summary>
    public IReadOnlyList<Bm25Hit> Find(string query, int most)
    {
        var scores = new Dictionary<int, double>();
        // Word by word in their order: sums of floating-point numbers are then the same everywhere.
        foreach (var word in SearchWords.Of(query))
        {
            if (!_postings.TryGetValue(word, out var found))
                continue;
            var idf = Math.Log(1 + (_norms.Length - found.Length + 0.5) / (found.Length + 0.5));
            foreach (var (passage, count) in found)
                scores[passage] = scores.GetValueOrDefault(passage) + idf * count * (_options.K1 + 1) / (count + _norms[passage]);
        }
        return [.. scores.OrderByDescending(score => score.Value).ThenBy(score => score.Key).Take(most)
            .Select(score => new Bm25Hit(score.Key, score.Value))];
    }
}

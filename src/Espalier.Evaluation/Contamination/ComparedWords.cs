using System.Text;
using Espalier.Evaluation.Tasks.Templates;

namespace Espalier.Evaluation.Contamination;

/// <summary>
/// Reads a text as words in a row, as lm-evaluation-harness compares training text with benchmarks (lm_eval/decontamination/janitor.py,
/// which goes back to GPT-3, arXiv 2005.14165, appendix C): ASCII punctuation is left out, A to Z are small, white space parts words. Each
/// row has a hash, which rolls on from word to word.
/// </summary>
internal sealed class ComparedWords(string text)
{
    /// <summary>Words in a row that texts must share: more than chance gives, fewer than a question has.</summary>
    public const int InARow = 13;

    // FNV-1a of 64 bits; rows are polynomials in an odd number, of which no power is 0.
    private const ulong Basis = 14695981039346656037, Prime = 1099511628211, Base = 0x9E3779B97F4A7C15;

    private static readonly ulong s_oldest = Enumerable.Repeat(Base, InARow - 1).Aggregate((a, b) => unchecked(a * b));

    private readonly (ulong Hash, int Start)[] _last = new (ulong, int)[InARow];
    private int _at, _words;

    /// <summary>The hash of the row that was read last.</summary>
    public ulong Hash { get; private set; }

    /// <summary>Words that were read.</summary>
    public int Words => _words;

    /// <summary>Where the row lies in the text.</summary>
    public Range Row { get; private set; }

    /// <summary>Goes on to the next row; false where there is none.</summary>
    public bool Next()
    {
        while (NextWord(out var hash, out var start))
        {
            var slot = _words++ % InARow;
            unchecked
            {
                Hash = (_words > InARow ? Hash - (_last[slot].Hash * s_oldest) : Hash) * Base + hash;
            }
            _last[slot] = (hash, start);
            if (_words < InARow)
                continue;
            Row = _last[_words % InARow].Start.._at;
            return true;
        }
        return false;
    }

    /// <summary>A row as it is compared: its words, a blank between two.</summary>
    public static string Of(ReadOnlySpan<char> row)
    {
        var words = new StringBuilder(row.Length);
        foreach (var c in row)
            if (PythonLetters.IsWhite(c))
            {
                if (words.Length > 0 && words[^1] != ' ')
                    words.Append(' ');
            }
            else if (!IsPunctuation(c))
                words.Append(Small(c));
        return words.ToString().TrimEnd(' ');
    }

    // A word of punctuation alone is none.
    private bool NextWord(out ulong hash, out int start)
    {
        (hash, start) = (Basis, -1);
        for (; _at < text.Length; _at++)
        {
            var c = text[_at];
            if ((c <= ' ' || c > '~') && PythonLetters.IsWhite(c))
            {
                if (start >= 0)
                    break;
            }
            else if (!IsPunctuation(c))
            {
                start = start < 0 ? _at : start;
                hash = unchecked((hash ^ Small(c)) * Prime);
            }
        }
        // The high bits of FNV change little with the last letters.
        hash ^= hash >> 32;
        hash = unchecked(hash * Base);
        hash ^= hash >> 29;
        return start >= 0;
    }

    private static char Small(char c) => c is >= 'A' and <= 'Z' ? (char)(c | 0x20) : c;

    private static bool IsPunctuation(char c) => c is >= '!' and <= '/' or >= ':' and <= '@' or >= '[' and <= '`' or >= '{' and <= '~';
}

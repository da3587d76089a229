using Espalier.Models.Chat.Python;

namespace Espalier.Models.Chat.Methods;

/// <summary>The methods of Python's <c>str</c> that cut a text in pieces.</summary>
internal static class StringSplits
{
    /// <summary><c>text.split(sep, maxsplit)</c>.</summary>
    public static List<object?> Split(string text, Bound given, Budget budget)
    {
        var most = Most(given);
        return given[0] is null ? Words(text, most, budget) : Cut(text, Separator(given), most, budget);
    }

    /// <summary><c>text.rsplit(sep, maxsplit)</c>.</summary>
    public static List<object?> SplitRight(string text, Bound given, Budget budget)
    {
        var most = Most(given);
        if (most == long.MaxValue)
            return Split(text, given, budget);
        return given[0] is null ? WordsRight(text, most, budget) : CutRight(text, Separator(given), most, budget);
    }

    /// <summary><c>text.splitlines(keepends)</c>.</summary>
    public static List<object?> Lines(string text, bool keepsEnds, Budget budget)
    {
        var lines = new List<object?>();
        for (var from = 0; from < text.Length;)
        {
            var end = from;
            while (end < text.Length && !IsEnd(text[end]))
                end++;
            var next = end + (end + 1 < text.Length && text[end] == '\r' && text[end + 1] == '\n' ? 2 : end < text.Length ? 1 : 0);
            Add(lines, text[from..(keepsEnds ? next : end)], budget);
            from = next;
        }
        return lines;
    }

    /// <summary><c>text.partition(sep)</c> or <c>rpartition</c>.</summary>
    public static PythonTuple Partition(string text, string separator, bool isLast, Budget budget)
    {
        if (separator.Length == 0)
            throw new TemplateFault("a separator is empty");
        budget.Characters(text.Length);
        var at = isLast ? TextSearch.Last(text, separator, text.Length) : TextSearch.First(text, separator);
        return at >= 0 ? PythonTuple.Of(text[..at], separator, text[(at + separator.Length)..])
            : isLast ? PythonTuple.Of("", "", text) : PythonTuple.Of(text, "", "");
    }

    private static bool IsEnd(char c) => c is '\n' or '\r' or '\v' or '\f' or '\x1c' or '\x1d' or '\x1e' or '\x85' or '\u2028' or '\u2029';

    private static long Most(Bound given) => given.Integer(1, -1) is >= 0 and var most ? most : long.MaxValue;

    private static string Separator(Bound given) =>
        given.Text(0) is { Length: > 0 } separator ? separator : throw new TemplateFault("a separator is empty");

    private static List<object?> Cut(string text, string separator, long most, Budget budget)
    {
        var (pieces, from) = (new List<object?>(), 0);
        while (pieces.Count < most && TextSearch.First(text, separator, from) is >= 0 and var at)
        {
            Add(pieces, text[from..at], budget);
            from = at + separator.Length;
        }
        Add(pieces, text[from..], budget);
        return pieces;
    }

    private static List<object?> CutRight(string text, string separator, long most, Budget budget)
    {
        var (pieces, end) = (new List<object?>(), text.Length);
        while (pieces.Count < most && TextSearch.Last(text, separator, end) is >= 0 and var at)
        {
            Add(pieces, text[(at + separator.Length)..end], budget);
            end = at;
        }
        Add(pieces, text[..end], budget);
        pieces.Reverse();
        return pieces;
    }

    private static List<object?> Words(string text, long most, Budget budget)
    {
        var (pieces, at) = (new List<object?>(), 0);
        while (true)
        {
            while (at < text.Length && CodePoints.IsSpace(text[at]))
                at++;
            if (at == text.Length)
                return pieces;
            if (pieces.Count == most)
            {
                Add(pieces, CodePoints.Strip(text[at..], null, left: false), budget);
                return pieces;
            }
            var from = at;
            while (at < text.Length && !CodePoints.IsSpace(text[at]))
                at++;
            Add(pieces, text[from..at], budget);
        }
    }

    private static List<object?> WordsRight(string text, long most, Budget budget)
    {
        var (pieces, end) = (new List<object?>(), text.Length);
        while (true)
        {
            while (end > 0 && CodePoints.IsSpace(text[end - 1]))
                end--;
            if (end == 0)
                break;
            if (pieces.Count == most)
            {
                Add(pieces, CodePoints.Strip(text[..end], null, right: false), budget);
                break;
            }
            var to = end;
            while (end > 0 && !CodePoints.IsSpace(text[end - 1]))
                end--;
            Add(pieces, text[end..to], budget);
        }
        pieces.Reverse();
        return pieces;
    }

    private static void Add(List<object?> pieces, string piece, Budget budget)
    {
        budget.Entries(1);
        budget.Characters(piece.Length);
        pieces.Add(piece);
    }
}

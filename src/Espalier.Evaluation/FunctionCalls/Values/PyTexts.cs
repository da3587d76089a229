using System.Text;

namespace Espalier.Evaluation.FunctionCalls.Values;

/// <summary>Texts as Python's <c>repr</c> writes them.</summary>
internal static class PyTexts
{
    /// <summary>Longest piece of a value in a message.</summary>
    private const int LongestInMessages = 120;

    /// <summary>Writes a text in single quotes, or in double ones where it has single quotes and no double ones.</summary>
    public static void Write(string value, StringBuilder text)
    {
        var quote = value.Contains('\'', StringComparison.Ordinal) && !value.Contains('"', StringComparison.Ordinal) ? '"' : '\'';
        text.Append(quote);
        foreach (var c in value)
        {
            _ = c switch
            {
                '\\' => text.Append(@"\\"),
                '\n' => text.Append(@"\n"),
                '\r' => text.Append(@"\r"),
                '\t' => text.Append(@"\t"),
                _ when c == quote => text.Append('\\').Append(c),
                < ' ' or '\x7f' or (>= '\x80' and <= '\xa0') or '\xad' => text.Append($@"\x{(int)c:x2}"),
                _ => text.Append(c),
            };
        }
        text.Append(quote);
    }

    /// <summary>Writes items with commas between them.</summary>
    public static void WriteList<T>(IReadOnlyList<T> items, StringBuilder text, Action<T> write)
    {
        for (var i = 0; i < items.Count; i++)
        {
            text.Append(i > 0 ? ", " : "");
            write(items[i]);
        }
    }

    /// <summary>A text in quotes.</summary>
    public static string Quoted(string value)
    {
        var text = new StringBuilder();
        Write(value, text);
        return text.ToString();
    }

    /// <summary>A value for a message: not longer than a line.</summary>
    public static string Clipped(PyValue value)
    {
        if (value is PyText { Text.Length: > LongestInMessages } text)
            value = new PyText(text.Text[..LongestInMessages] + "...");
        var whole = value.ToString();
        return whole.Length <= LongestInMessages + 10 ? whole : whole[..LongestInMessages] + "...";
    }
}

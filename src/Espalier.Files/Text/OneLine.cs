using System.Text;

namespace Espalier;

/// <summary>Text that was written by nobody knows whom (a file's name, a value out of a file) as part of one line.</summary>
internal static class OneLine
{
    /// <summary>
    /// The text on one line: a line break, with the white space around it, becomes a space; any other control character, and what turns
    /// the direction of writing,
    /// is spelled out as <c>\u001b</c>. A text without such characters comes back as it is.
    /// </summary>
    public static string Of(string text)
    {
        // A public exception's message comes here.
        ArgumentNullException.ThrowIfNull(text);
        var bad = 0;
        while (bad < text.Length && !IsBreak(text[bad]) && !IsHidden(text[bad]))
            bad++;
        if (bad == text.Length)
            return text;

        var line = new StringBuilder(text.Length);
        var broken = false;
        foreach (var c in text)
        {
            if (IsBreak(c))
            {
                while (line.Length > 0 && line[^1] == ' ')
                    line.Length--;
                broken = true;
                continue;
            }

            if (broken && (c == ' ' || c == '\t'))
                continue;
            if (broken && line.Length > 0)
                line.Append(' ');
            broken = false;
            _ = c switch
            {
                '\t' => line.Append(' '),
                _ when IsHidden(c) => line.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}"),
                _ => line.Append(c),
            };
        }

        return line.ToString();
    }

    /// <summary>
    /// The beginning of a text of unknown length, for an error: so many characters at most, control characters as question marks.
    /// </summary>
    public static string Clipped(string text, int most = 80)
    {
        var line = new string([.. text.Take(most).Select(c => char.IsControl(c) ? '?' : c)]);
        return text.Length > most ? $"{line}..." : line;
    }

    /// <summary>The same where no quotes stand around it: of nothing but blanks, which nobody would see, quotes.</summary>
    public static string Shown(string text) => string.IsNullOrWhiteSpace(text) ? "''" : Clipped(text);

    // What Unicode calls a line break, so that no reader of the line sees two.
    private static bool IsBreak(char c) => c is '\n' or '\r' or '\v' or '\f' or '\u0085' or '\u2028' or '\u2029';

    private static bool IsHidden(char c) => char.IsControl(c) || c is (>= '\u202a' and <= '\u202e') or (>= '\u2066' and <= '\u2069');
}

using System.Text;

namespace Espalier.Files;

/// <summary>
/// A text for people, in a form that has comments as HTML and Markdown do, whose last line carries the hash of what is above it: as long as
/// nobody has changed it the program may put a newer one in its place, wherever its records are.
/// </summary>
internal static class SealedText
{
    private const string Head = "<!-- Written by Espalier, which replaces this file as long as nobody has changed it. Above, sha256: ";
    private const string Tail = " -->\n";

    // Nobody's page for people is longer; a file of another kind may be.
    private const int MaxBytes = 8_000_000;

    /// <summary>The text with that line after it.</summary>
    /// <param name="text">The text; it ends with a line break.</param>
    public static string Seal(string text) => $"{text}{Head}{ContentHash.OfText(text)}{Tail}";

    /// <summary>Whether a file is what <see cref="Seal"/> made, unchanged; false where there is none, or something else.</summary>
    public static bool IsIntact(string path) => Read(path) is not null;

    /// <summary>The text of such a file without its last line; null where the file is no such text, or was changed.</summary>
    public static string? Read(string path)
    {
        if (!File.Exists(path) || PathKind.Odd(path) is not null || new FileInfo(path).Length > MaxBytes)
            return null;
        string text;
        try
        {
            text = File.ReadAllText(path, Encoding.UTF8);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return null;
        }
        var at = text.LastIndexOf(Head, StringComparison.Ordinal);
        return at >= 0 && Seal(text[..at]) == text ? text[..at] : null;
    }
}

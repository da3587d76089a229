namespace Espalier.Cli.Rendering;

/// <summary>Text broken between words.</summary>
internal static class Wrapped
{
    /// <summary>The lines, one at least, each at most <paramref name="width"/> wide unless a single word is wider.</summary>
    internal static IReadOnlyList<string> Lines(string text, int width)
    {
        List<string> lines = [""];
        foreach (var word in text.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            if (lines[^1].Length == 0)
                lines[^1] = word;
            else if (lines[^1].Length + 1 + word.Length <= width)
                lines[^1] += $" {word}";
            else
                lines.Add(word);
        return lines;
    }
}

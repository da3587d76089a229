namespace Espalier.Tests.Cards;

/// <summary>The tables of a page in Markdown, read without the code that wrote them.</summary>
internal static class Tables
{
    /// <summary>The rows of each table below a heading, without its head; cells as they are written.</summary>
    public static string[][][] Of(string page, string heading)
    {
        var section = page.Split($"\n## {heading}\n")[1].Split("\n## ")[0];
        return [.. section.Split("\n\n").Where(block => block.TrimStart('\n').StartsWith('|'))
            .Select(block => block.Trim('\n').Split('\n').Skip(2).Select(Cells).ToArray())];
    }

    /// <summary>A whole number with commas.</summary>
    public static long Whole(string cell) => long.Parse(cell, NumberStyles.AllowThousands, CultureInfo.InvariantCulture);

    /// <summary>A number.</summary>
    public static double Number(string cell) => double.Parse(cell, CultureInfo.InvariantCulture);

    private static string[] Cells(string line) => [.. line.Trim('|').Split('|').Select(cell => cell.Trim())];
}

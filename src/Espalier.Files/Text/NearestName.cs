namespace Espalier;

/// <summary>Finds the known name that somebody who wrote another one most likely meant.</summary>
internal static class NearestName
{
    /// <summary>
    /// The known name with the fewest edits (insert, delete, replace, swap of neighbours; letter case is free) from
    /// <paramref name="name"/>, or null where none is near: more than a third of the longer name's letters, and at least
    /// two, would have to change. The first one wins among equals.
    /// </summary>
    public static string? Nearest(string name, IEnumerable<string> known)
    {
        string? nearest = null;
        var fewest = int.MaxValue;
        foreach (var candidate in known)
        {
            var edits = Edits(name, candidate);
            if (edits < fewest && edits <= Math.Max(2, Math.Max(name.Length, candidate.Length) / 3) && edits < candidate.Length)
                (nearest, fewest) = (candidate, edits);
        }
        return nearest;
    }

    /// <summary>
    /// " Did you mean X?" with a leading space, or nothing: to be put after a sentence. Of a number that is not there, those of the same
    /// beginning with the numbers next to it: "X or Y".
    /// </summary>
    public static string Hint(string name, IEnumerable<string> known)
    {
        string[] names = [.. known];
        var (nearest, numbered) = (Nearest(name, names), Numbered(name, names));
        return numbered.Length > 0 && !numbered.Contains(nearest) ? $" Did you mean {string.Join(" or ", numbered)}?"
            : nearest is not null ? $" Did you mean {nearest}?" : "";
    }

    /// <summary>The known names that are letters like those of a name, and then the number nearest to its own; q4_0 of q3.</summary>
    private static string[] Numbered(string name, string[] known)
    {
        var (letters, number) = Split(name);
        if (letters.Length == 0 || number is null)
            return [];
        var alike = known.Select(candidate => (Name: candidate, Parts: Split(candidate)))
            .Where(candidate => candidate.Parts.Number is not null
                && candidate.Parts.Letters.Equals(letters, StringComparison.OrdinalIgnoreCase))
            .GroupBy(candidate => Math.Abs(candidate.Parts.Number!.Value - number.Value)).MinBy(group => group.Key);
        return alike is null ? [] : [.. alike.Select(candidate => candidate.Name)];
    }

    /// <summary>What stands before the first digit, and the number that begins there; null where there is none.</summary>
    private static (string Letters, long? Number) Split(string name)
    {
        var at = name.AsSpan().IndexOfAnyInRange('0', '9');
        if (at < 0)
            return (name, null);
        var rest = name.AsSpan(at);
        var end = rest.IndexOfAnyExceptInRange('0', '9');
        return (name[..at], long.TryParse(end < 0 ? rest : rest[..end], out var number) ? number : null);
    }

    /// <summary>"did you mean X?", or "use one of X, Y" where none is near: to stand after a colon.</summary>
    public static string Instead(string name, IReadOnlyCollection<string> known) =>
        Nearest(name, known) is { } nearest ? $"did you mean {nearest}?" : $"use one of {string.Join(", ", known)}";

    /// <summary>Optimal string alignment distance without regard to letter case.</summary>
    internal static int Edits(string a, string b)
    {
        // A name of a thousand letters from a hostile file is nobody's typing error.
        if (Math.Abs(a.Length - b.Length) > 64 || Math.Max(a.Length, b.Length) > 256)
            return int.MaxValue;

        var twoBack = new int[b.Length + 1];
        var back = Enumerable.Range(0, b.Length + 1).ToArray();
        var row = new int[b.Length + 1];
        for (var i = 1; i <= a.Length; i++)
        {
            row[0] = i;
            for (var j = 1; j <= b.Length; j++)
            {
                var same = Same(a[i - 1], b[j - 1]);
                row[j] = Math.Min(Math.Min(back[j] + 1, row[j - 1] + 1), back[j - 1] + (same ? 0 : 1));
                if (i > 1 && j > 1 && Same(a[i - 1], b[j - 2]) && Same(a[i - 2], b[j - 1]))
                    row[j] = Math.Min(row[j], twoBack[j - 2] + 1);
            }
            (twoBack, back, row) = (back, row, twoBack);
        }
        return back[b.Length];
    }

    private static bool Same(char a, char b) => char.ToLowerInvariant(a) == char.ToLowerInvariant(b);
}

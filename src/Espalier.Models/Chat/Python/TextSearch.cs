namespace Espalier.Models.Chat.Python;

/// <summary>
/// Finds texts in texts in time that grows with their length and no faster: .NET's own search takes the product of both lengths for
/// texts that are made for it.
/// </summary>
internal static class TextSearch
{
    // Up to here the product is harmless.
    private const int Short = 64;

    /// <summary>Where a part first stands from a place on, -1 for nowhere.</summary>
    public static int First(string text, string part, int from = 0)
    {
        if (part.Length <= Short)
            return text.IndexOf(part, from, StringComparison.Ordinal);
        foreach (var at in All(text, part, from))
            return at;
        return -1;
    }

    /// <summary>Where a part last stands before a place, -1 for nowhere.</summary>
    public static int Last(string text, string part, int end)
    {
        if (part.Length <= Short)
            return text.AsSpan(0, end).LastIndexOf(part, StringComparison.Ordinal);
        var last = -1;
        foreach (var at in All(text, part, 0))
            last = at + part.Length <= end ? at : last;
        return last;
    }

    /// <summary>Where a part stands, one after the other and none within another.</summary>
    public static IEnumerable<int> Apart(string text, string part)
    {
        if (part.Length <= Short)
        {
            for (var at = First(text, part); at >= 0; at = First(text, part, at + part.Length))
                yield return at;
            yield break;
        }
        var next = 0;
        foreach (var at in All(text, part, 0))
            if (at >= next)
            {
                yield return at;
                next = at + part.Length;
            }
    }

    /// <summary>All places, by Knuth, Morris and Pratt.</summary>
    private static IEnumerable<int> All(string text, string part, int from)
    {
        if (text.Length - from < part.Length)
            yield break;
        var borders = new int[part.Length];
        for (int i = 1, border = 0; i < part.Length; i++)
        {
            while (border > 0 && part[i] != part[border])
                border = borders[border - 1];
            borders[i] = border += part[i] == part[border] ? 1 : 0;
        }
        var matched = 0;
        for (var i = from; i < text.Length; i++)
        {
            while (matched > 0 && text[i] != part[matched])
                matched = borders[matched - 1];
            matched += text[i] == part[matched] ? 1 : 0;
            if (matched < part.Length)
                continue;
            yield return i + 1 - part.Length;
            matched = borders[matched - 1];
        }
    }
}

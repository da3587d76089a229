using System.Text;

namespace Espalier.Models.Chat.Python;

/// <summary>Texts by code point, as Python counts, cuts and orders them; .NET's count in UTF-16 units.</summary>
internal static class CodePoints
{
    /// <summary><c>len(text)</c>.</summary>
    public static int Count(string text) => HasPairs(text) ? Boundaries(text).Length - 1 : text.Length;

    /// <summary>Whether units and code points differ.</summary>
    public static bool HasPairs(string text) => text.AsSpan().IndexOfAnyInRange('\uD800', '\uDBFF') >= 0;

    /// <summary>The characters, each as a text.</summary>
    public static IEnumerable<string> Each(string text)
    {
        for (var i = 0; i < text.Length;)
        {
            var length = Length(text, i);
            yield return length == 1 ? s_single[text[i]] ??= text[i].ToString() : text.Substring(i, length);
            i += length;
        }
    }

    private static readonly string?[] s_single = new string?[char.MaxValue + 1];

    /// <summary>Where in UTF-16 units the characters start, and at last the text's length.</summary>
    public static int[] Boundaries(string text)
    {
        var starts = new List<int>(text.Length + 1);
        for (var i = 0; i < text.Length; i += Length(text, i))
            starts.Add(i);
        starts.Add(text.Length);
        return [.. starts];
    }

    /// <summary>The number of code points before a unit.</summary>
    public static int Before(string text, int unit) => HasPairs(text) ? Count(text[..unit]) : unit;

    /// <summary>Python's order of texts: by code point.</summary>
    public static int Compare(string left, string right)
    {
        var at = left.AsSpan().CommonPrefixLength(right);
        if (at == left.Length || at == right.Length)
            return left.Length.CompareTo(right.Length);
        var (a, b) = (left[at], right[at]);
        // Halves of pairs stand for code points above all others.
        return char.IsSurrogate(a) == char.IsSurrogate(b) ? a.CompareTo(b) : char.IsSurrogate(a) ? 1 : -1;
    }

    /// <summary><c>str.isspace</c> of one character.</summary>
    public static bool IsSpace(char c) => char.IsWhiteSpace(c) || c is >= '\x1c' and <= '\x1f';

    /// <summary>The text without white space, or without certain characters, at its ends.</summary>
    /// <param name="text">The text.</param>
    /// <param name="characters">What to take away; null for white space.</param>
    /// <param name="left">Whether at the start.</param>
    /// <param name="right">Whether at the end.</param>
    public static string Strip(string text, string? characters, bool left = true, bool right = true)
    {
        var taken = characters is null ? null : new HashSet<Rune>(characters.EnumerateRunes());
        bool IsTaken(Rune rune) => taken?.Contains(rune) ?? (rune.IsBmp && IsSpace((char)rune.Value));
        var (start, end) = (0, text.Length);
        while (left && start < end && Rune.TryGetRuneAt(text, start, out var first) && IsTaken(first))
            start += first.Utf16SequenceLength;
        while (right && end > start && Rune.DecodeLastFromUtf16(text.AsSpan(start, end - start), out var last, out var length)
            == System.Buffers.OperationStatus.Done && IsTaken(last))
            end -= length;
        return text[start..end];
    }

    /// <summary>Whether Python's <c>repr</c> writes a character as it is.</summary>
    public static bool IsPrintable(Rune rune) => rune.Value == ' ' || Rune.GetUnicodeCategory(rune) is not (UnicodeCategory.Control
        or UnicodeCategory.Format or UnicodeCategory.Surrogate or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned
        or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator or UnicodeCategory.SpaceSeparator);

    private static int Length(string text, int at) =>
        char.IsHighSurrogate(text[at]) && at + 1 < text.Length && char.IsLowSurrogate(text[at + 1]) ? 2 : 1;
}

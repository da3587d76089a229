using System.Globalization;
using System.Text;

namespace Espalier.Evaluation.Tasks;

/// <summary>
/// Letters as Python's <c>str</c> takes them: by code point, with Unicode's Other_Lowercase and Other_Uppercase, of which .NET knows none.
/// </summary>
internal static class PythonLetters
{
    // Unicode's Other_Lowercase and Other_Uppercase (PropList.txt), from and to.
    private static readonly (int First, int Last)[] s_otherLower =
    [
        (0xAA, 0xAA), (0xBA, 0xBA), (0x2B0, 0x2B8), (0x2C0, 0x2C1), (0x2E0, 0x2E4), (0x345, 0x345), (0x37A, 0x37A), (0x1D2C, 0x1D6A),
        (0x1D78, 0x1D78), (0x1D9B, 0x1DBF), (0x2071, 0x2071), (0x207F, 0x207F), (0x2090, 0x209C), (0x2170, 0x217F), (0x24D0, 0x24E9),
        (0x2C7C, 0x2C7D), (0xA69C, 0xA69D), (0xA770, 0xA770), (0xA7F8, 0xA7F9), (0xAB5C, 0xAB5F), (0x10780, 0x10780),
        (0x10783, 0x10785), (0x10787, 0x107B0), (0x107B2, 0x107BA),
    ];

    private static readonly (int First, int Last)[] s_otherUpper =
        [(0x2160, 0x216F), (0x24B6, 0x24CF), (0x1F130, 0x1F149), (0x1F150, 0x1F169), (0x1F170, 0x1F189)];

    /// <summary><c>str.isupper</c>: at least one letter has a case, and all that have one are large.</summary>
    public static bool IsUpper(string text) => IsAll(text, IsUpper, IsLower);

    /// <summary><c>str.islower</c>: at least one letter has a case, and all that have one are small.</summary>
    public static bool IsLower(string text) => IsAll(text, IsLower, IsUpper);

    /// <summary><c>str.lower</c>, but that a sigma at a word's end stays σ.</summary>
    public static string Lower(string text)
    {
        var lower = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
            lower.Append(rune.Value == 'İ' ? "i\u0307" : Rune.ToLowerInvariant(rune).ToString());
        return lower.ToString();
    }

    /// <summary>How many words there are by <c>\w+</c> of Python's <c>re</c>: letters, numbers and _; vowel signs part words.</summary>
    public static int Words(string text)
    {
        var (words, isInside) = (0, false);
        foreach (var rune in text.EnumerateRunes())
        {
            var isWord = IsWord(rune);
            words += isWord && !isInside ? 1 : 0;
            isInside = isWord;
        }
        return words;
    }

    /// <summary>The parts between white space: <c>str.split()</c>.</summary>
    public static string[] Split(string text) => text.Split(s_white, StringSplitOptions.RemoveEmptyEntries);

    /// <summary><c>str.isspace</c> of one character.</summary>
    public static bool IsWhite(char c) => char.IsWhiteSpace(c) || c is >= '\x1c' and <= '\x1f';

    private static readonly char[] s_white = [.. Enumerable.Range(0, char.MaxValue + 1).Select(c => (char)c).Where(IsWhite)];

    private static bool IsAll(string text, Predicate<Rune> isWanted, Predicate<Rune> isOther)
    {
        var any = false;
        foreach (var rune in text.EnumerateRunes())
        {
            if (isOther(rune) || Rune.GetUnicodeCategory(rune) == UnicodeCategory.TitlecaseLetter)
                return false;
            any |= isWanted(rune);
        }
        return any;
    }

    private static bool IsUpper(Rune rune) => Rune.IsUpper(rune) || IsIn(s_otherUpper, rune);

    private static bool IsLower(Rune rune) => Rune.IsLower(rune) || IsIn(s_otherLower, rune);

    private static bool IsIn((int First, int Last)[] ranges, Rune rune) =>
        rune.Value >= 0xAA && Array.Exists(ranges, range => rune.Value >= range.First && rune.Value <= range.Last);

    private static bool IsWord(Rune rune) => rune.Value == '_' || Rune.GetUnicodeCategory(rune) is UnicodeCategory.UppercaseLetter
        or UnicodeCategory.LowercaseLetter or UnicodeCategory.TitlecaseLetter or UnicodeCategory.ModifierLetter
        or UnicodeCategory.OtherLetter or UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber
        or UnicodeCategory.OtherNumber;
}

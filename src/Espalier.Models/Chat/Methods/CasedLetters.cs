using System.Text;

namespace Espalier.Models.Chat.Methods;

/// <summary>
/// Which characters have a case as Python's <c>str</c> takes them: by code point, with Unicode's Other_Lowercase and Other_Uppercase, of
/// which .NET knows none.
/// </summary>
internal static class CasedLetters
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

    public static bool IsUpper(Rune rune) => Rune.IsUpper(rune) || IsIn(s_otherUpper, rune);

    public static bool IsLower(Rune rune) => Rune.IsLower(rune) || IsIn(s_otherLower, rune);

    /// <summary>Whether a character is a title's, as ǅ is: neither large nor small.</summary>
    public static bool IsTitle(Rune rune) => Rune.GetUnicodeCategory(rune) == UnicodeCategory.TitlecaseLetter;

    private static bool IsIn((int First, int Last)[] ranges, Rune rune) =>
        rune.Value >= 0xAA && Array.Exists(ranges, range => rune.Value >= range.First && rune.Value <= range.Last);
}

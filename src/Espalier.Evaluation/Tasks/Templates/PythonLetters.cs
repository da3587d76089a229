using System.Text;
using Espalier.Models.Chat.Methods;

namespace Espalier.Evaluation.Tasks.Templates;

/// <summary>
/// Texts as Python's <c>str</c> and <c>re</c> take them: by code point (<see cref="CasedLetters"/>).
/// </summary>
internal static class PythonLetters
{
    /// <summary><c>str.isupper</c>: at least one letter has a case, and all that have one are large.</summary>
    public static bool IsUpper(string text) => IsAll(text, CasedLetters.IsUpper, CasedLetters.IsLower);

    /// <summary><c>str.islower</c>: at least one letter has a case, and all that have one are small.</summary>
    public static bool IsLower(string text) => IsAll(text, CasedLetters.IsLower, CasedLetters.IsUpper);

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
    public static string[] Split(string text) => text.Split(White, StringSplitOptions.RemoveEmptyEntries);

    /// <summary><c>str.isspace</c> of one character.</summary>
    public static bool IsWhite(char c) => char.IsWhiteSpace(c) || c is >= '\x1c' and <= '\x1f';

    /// <summary>All such characters.</summary>
    public static char[] White { get; } = [.. Enumerable.Range(0, char.MaxValue + 1).Select(c => (char)c).Where(IsWhite)];

    private static bool IsAll(string text, Predicate<Rune> isWanted, Predicate<Rune> isOther)
    {
        var any = false;
        foreach (var rune in text.EnumerateRunes())
        {
            if (isOther(rune) || CasedLetters.IsTitle(rune))
                return false;
            any |= isWanted(rune);
        }
        return any;
    }

    private static bool IsWord(Rune rune) => rune.Value == '_' || Rune.GetUnicodeCategory(rune) is UnicodeCategory.UppercaseLetter
        or UnicodeCategory.LowercaseLetter or UnicodeCategory.TitlecaseLetter or UnicodeCategory.ModifierLetter
        or UnicodeCategory.OtherLetter or UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber
        or UnicodeCategory.OtherNumber;
}

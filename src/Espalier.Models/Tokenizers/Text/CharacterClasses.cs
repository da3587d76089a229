using System.Runtime.CompilerServices;

namespace Espalier.Models.Tokenizers.Text;

/// <summary>The Unicode classes that the split expressions ask for.</summary>
[Flags]
internal enum CharacterClass : byte
{
    /// <summary>Anything else: punctuation, symbols, controls, unassigned.</summary>
    Other = 0,

    /// <summary><c>\p{L}</c>.</summary>
    Letter = 1,

    /// <summary><c>\p{N}</c>.</summary>
    Number = 2,

    /// <summary><c>\s</c>, the property White_Space.</summary>
    Space = 4,

    /// <summary>Carriage return or line feed (also <see cref="Space"/>).</summary>
    NewLine = 8,

    /// <summary><c>[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]</c>.</summary>
    UpperLike = 16,

    /// <summary><c>[\p{Ll}\p{Lm}\p{Lo}\p{M}]</c>.</summary>
    LowerLike = 32,

    /// <summary><c>\w</c> as Rust's regular expressions define it.</summary>
    Word = 64,
}

/// <summary>Looks characters up by code point, not by UTF-16 unit.</summary>
internal static class CharacterClasses
{
    private static readonly CharacterClass[] s_basic = [.. Enumerable.Range(0, 0x10000).Select(Compute)];

    /// <summary>The class of the code point at <paramref name="index"/>, and how many UTF-16 units it takes.</summary>
    public static CharacterClass At(ReadOnlySpan<char> text, int index, out int length)
    {
        var unit = text[index];
        if (char.IsHighSurrogate(unit) && index + 1 < text.Length && char.IsLowSurrogate(text[index + 1]))
        {
            length = 2;
            return Compute(char.ConvertToUtf32(unit, text[index + 1]));
        }
        length = 1;
        return s_basic[unit];
    }

    /// <summary>The class of the code point that ends right before <paramref name="end"/> (which is not 0).</summary>
    public static CharacterClass Before(ReadOnlySpan<char> text, int end) =>
        end > 1 && char.IsLowSurrogate(text[end - 1]) && char.IsHighSurrogate(text[end - 2]) ? At(text, end - 2, out _)
            : s_basic[text[end - 1]];

    /// <summary>
    /// The end of the run of code points of any class in <paramref name="wanted"/> that starts at <paramref name="index"/>.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static int SkipAny(ReadOnlySpan<char> text, int index, CharacterClass wanted)
    {
        while (index < text.Length && (At(text, index, out var length) & wanted) != 0)
            index += length;
        return index;
    }

    /// <summary>
    /// The end of the run of code points of no class in <paramref name="unwanted"/> that starts at <paramref name="index"/>.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static int SkipNone(ReadOnlySpan<char> text, int index, CharacterClass unwanted)
    {
        while (index < text.Length && (At(text, index, out var length) & unwanted) == 0)
            index += length;
        return index;
    }

    private static CharacterClass Compute(int point)
    {
        if (point is '\r' or '\n')
            return CharacterClass.Space | CharacterClass.NewLine;
        if (point is >= 9 and <= 13 or 0x85)
            return CharacterClass.Space;
        const CharacterClass either = CharacterClass.UpperLike | CharacterClass.LowerLike;
        return CharUnicodeInfo.GetUnicodeCategory(point) switch
        {
            UnicodeCategory.UppercaseLetter or UnicodeCategory.TitlecaseLetter =>
                CharacterClass.Letter | CharacterClass.UpperLike | CharacterClass.Word,
            UnicodeCategory.LowercaseLetter => CharacterClass.Letter | CharacterClass.LowerLike | CharacterClass.Word,
            UnicodeCategory.ModifierLetter or UnicodeCategory.OtherLetter => CharacterClass.Letter | either | CharacterClass.Word,
            UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.EnclosingMark =>
                either | CharacterClass.Word,
            UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber => CharacterClass.Number | CharacterClass.Word,
            UnicodeCategory.OtherNumber => CharacterClass.Number,
            UnicodeCategory.SpaceSeparator or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator => CharacterClass.Space,
            UnicodeCategory.ConnectorPunctuation => CharacterClass.Word,
            _ => IsAlphabeticSymbolOrJoiner(point) ? CharacterClass.Word : CharacterClass.Other,
        };
    }

    // \w also takes Other_Alphabetic symbols (letters in circles and squares) and Join_Control.
    private static bool IsAlphabeticSymbolOrJoiner(int point) =>
        point is 0x200C or 0x200D or (>= 0x24B6 and <= 0x24E9) or (>= 0x1F130 and <= 0x1F149) or (>= 0x1F150 and <= 0x1F169)
            or (>= 0x1F170 and <= 0x1F189);
}

using System.Text;
using Espalier.Models.Tokenizers.Formats;
using Espalier.Models.Tokenizers.Text;

namespace Espalier.Models.Tokenizers.Normalizing;

/// <summary>BERT's: controls go, ideographs stand alone, accents go, letters become small; each as the file says.</summary>
internal static class BertNormalizer
{
    /// <summary>The function that a node of type BertNormalizer describes.</summary>
    public static Func<string, string> Read(TokenizerNode node)
    {
        var (clean, ideographs) = (node["clean_text"].Flag(true), node["handle_chinese_chars"].Flag(true));
        var lower = node["lowercase"].Flag(true);
        var accents = node["strip_accents"].Flag(lower);
        return text =>
        {
            if (clean)
                text = CharacterRules.Mapped(text, Cleaned);
            if (ideographs)
                text = Spaced(text);
            if (accents)
                text = CharacterRules.Without(UnicodeNormalization.Normalize(text, compose: false, compatibility: false),
                    OlderUnicode.IsNonSpacingMark);
            return lower ? Normalizers.Lowercase(text) : text;
        };
    }

    private static int Cleaned(int point) => point switch
    {
        0 or 0xFFFD => CharacterRules.None,
        '\t' or '\n' or '\r' => ' ',
        _ when OlderUnicode.IsControl(point) => CharacterRules.None,
        _ when Rune.IsWhiteSpace(new(point)) => ' ',
        _ => point,
    };

    private static string Spaced(string text)
    {
        if (!text.AsSpan().ContainsAnyInRange('\u3400', '\uFAFF')) // the surrogates lie there, too
            return text;
        var result = new StringBuilder(text.Length + 16);
        foreach (var rune in text.EnumerateRunes())
            if (IsIdeograph(rune.Value))
                result.Append(CultureInfo.InvariantCulture, $" {rune} ");
            else
                result.Append(CultureInfo.InvariantCulture, $"{rune}");
        return result.ToString();
    }

    // As the reference has them: 2B820 to 2B91F is not among them.
    private static bool IsIdeograph(int point) => point is (>= 0x3400 and <= 0x4DBF) or (>= 0x4E00 and <= 0x9FFF)
        or (>= 0xF900 and <= 0xFAFF) or (>= 0x20000 and <= 0x2A6DF) or (>= 0x2A700 and <= 0x2B81F) or (>= 0x2B920 and <= 0x2CEAF)
        or (>= 0x2F800 and <= 0x2FA1F);
}

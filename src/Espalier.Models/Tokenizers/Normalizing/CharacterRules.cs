using System.Text;

namespace Espalier.Models.Tokenizers.Normalizing;

/// <summary>Rewritings that look at one character alone.</summary>
internal static class CharacterRules
{
    /// <summary>The text without the characters of a kind; the very same string where there are none.</summary>
    public static string Without(string text, Func<int, bool> isOne) =>
        Mapped(text, point => isOne(point) ? None : point);

    /// <summary>The rules of <c>nmt_*</c> of SentencePiece: controls go, odd spaces and marks become spaces.</summary>
    public static string Nmt(string text) => Mapped(text, static point => point switch
    {
        (>= 0x01 and <= 0x08) or 0x0B or (>= 0x0E and <= 0x1F) or 0x7F or 0x8F or 0x9F => None,
        0x09 or 0x0A or 0x0C or 0x0D or 0x1680 or (>= 0x200B and <= 0x200F) or 0x2028 or 0x2029 or 0x2581 or 0xFEFF or 0xFFFD => ' ',
        _ => point,
    });

    /// <summary>What stands for a character that goes.</summary>
    public const int None = -1;

    /// <summary>Each character by a rule; the very same string where nothing changes.</summary>
    public static string Mapped(string text, Func<int, int> rule)
    {
        StringBuilder? result = null;
        Span<char> units = stackalloc char[2];
        var at = 0;
        foreach (var rune in text.EnumerateRunes())
        {
            var to = rule(rune.Value);
            if (to != rune.Value)
                result ??= new StringBuilder(text.Length).Append(text, 0, at);
            if (to >= 0)
                result?.Append(units[..new Rune(to).EncodeToUtf16(units)]);
            at += rune.Utf16SequenceLength;
        }
        return result?.ToString() ?? text;
    }
}

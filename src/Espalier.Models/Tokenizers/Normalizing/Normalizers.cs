using System.Text;
using Espalier.Models.Tokenizers.Expressions;
using Espalier.Models.Tokenizers.Formats;
using Espalier.Models.Tokenizers.Text;

namespace Espalier.Models.Tokenizers.Normalizing;

/// <summary>The normalisers of tokenizer.json, each a function from text to text.</summary>
internal static class Normalizers
{
    /// <summary>The function that a node describes; null for none.</summary>
    public static Func<string, string>? Read(TokenizerNode node)
    {
        if (node.IsNull)
            return null;
        switch (node["type"].Text())
        {
            case "Sequence":
                Func<string, string>[] steps = [.. node["normalizers"].Items()
                    .Select(item => Read(item) ?? throw item.Refuse("a normalizer is needed here, not null."))];
                return steps.Length == 0 ? null : text => steps.Aggregate(text, (current, step) => step(current));
            case "Prepend":
                var prepend = node["prepend"].Text();
                return text => text.Length == 0 ? text : prepend + text;
            case "Replace":
                return Replacing(node);
            case "Strip":
                var (left, right) = (node["strip_left"].Flag(true), node["strip_right"].Flag(true));
                return text => Strip(text, left, right);
            case "Lowercase":
                return Lowercase;
            case "NFC":
                return text => UnicodeNormalization.Normalize(text, compose: true, compatibility: false);
            case "NFD":
                return text => UnicodeNormalization.Normalize(text, compose: false, compatibility: false);
            case "NFKC":
                return text => UnicodeNormalization.Normalize(text, compose: true, compatibility: true);
            case "NFKD":
                return text => UnicodeNormalization.Normalize(text, compose: false, compatibility: true);
            case "StripAccents":
                return static text => CharacterRules.Without(text, OlderUnicode.IsMark);
            case "Nmt":
                return CharacterRules.Nmt;
            case "BertNormalizer":
                return BertNormalizer.Read(node);
            case "Precompiled":
                return PrecompiledMap.Read(node["precompiled_charsmap"]).Apply;
            case var type:
                throw node.Refuse(
                    $"normalizer '{type}' is not supported; supported are Sequence, Prepend, Replace, Strip, Lowercase, NFC, NFD, NFKC, NFKD, "
                        + "StripAccents, Nmt, BertNormalizer and Precompiled.");
        }
    }

    /// <summary>Whether the text is rewritten with <paramref name="mark"/> for the space, and whether it is put in front.</summary>
    public static (bool WritesMark, bool Prepends) Describe(TokenizerNode node, string mark)
    {
        if (node.IsNull)
            return (false, false);
        switch (node["type"].Text())
        {
            case "Sequence":
                var parts = node["normalizers"].Items().Select(item => Describe(item, mark)).ToList();
                return (parts.Exists(part => part.WritesMark), parts.Exists(part => part.Prepends));
            case "Prepend":
                return (false, node["prepend"].Text() is var text && (text == mark || text == " "));
            case "Replace":
                return (node["pattern"]["String"].Text("") == " " && node["content"].Text() == mark, false);
            default:
                return (false, false);
        }
    }

    /// <summary>Whether the last thing that is done to a text is to replace all its spaces by something without one.</summary>
    public static bool LeavesNoSpace(TokenizerNode node)
    {
        if (node.IsNull)
            return false;
        switch (node["type"].Text())
        {
            case "Sequence":
                return node["normalizers"].Items().ToList() is [.., var last] && LeavesNoSpace(last);
            case "Replace":
                return node["pattern"]["String"].Text("") == " " && !node["content"].Text().Contains(' ', StringComparison.Ordinal);
            default:
                return false;
        }
    }

    /// <summary>The normalizers that do something else than write <paramref name="mark"/> for the space and in front.</summary>
    public static IEnumerable<string> Others(TokenizerNode node, string mark)
    {
        if (node.IsNull)
            return [];
        var type = node["type"].Text();
        return type == "Sequence" ? node["normalizers"].Items().SelectMany(item => Others(item, mark))
            : type == "Prepend" && Describe(node, mark).Prepends || type == "Replace" && Describe(node, mark).WritesMark ? [] : [type];
    }

    /// <summary>Character by character, as the reference does: a final sigma gets no form of its own.</summary>
    public static string Lowercase(string text)
    {
        var builder = new StringBuilder(text.Length);
        Span<char> units = stackalloc char[2];
        foreach (var rune in text.EnumerateRunes())
            if (rune.Value == 0x130)
                builder.Append("i\u0307"); // alone becomes two characters
            else
                builder.Append(units[..Rune.ToLowerInvariant(rune).EncodeToUtf16(units)]);
        return builder.ToString();
    }

    private static Func<string, string> Replacing(TokenizerNode node)
    {
        var content = node["content"].Text();
        if (node["pattern"]["Regex"] is { IsNull: false } regex)
        {
            var expression = Expression.Parse(regex.Text(), regex.Refuse);
            return text => expression.Replace(text, content);
        }
        var pattern = node.Replacement("a normalizer").Pattern;
        return text => text.Replace(pattern, content, StringComparison.Ordinal);
    }

    private static string Strip(string text, bool left, bool right) => (left, right) switch
    {
        (true, true) => text.Trim(),
        (true, false) => text.TrimStart(),
        (false, true) => text.TrimEnd(),
        _ => text,
    };
}

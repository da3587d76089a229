using System.Text;
using System.Xml.Linq;

namespace Espalier.Compression.Data.Xml;

/// <summary>The text of a documentation element, as lines: references by their names, lists as lines with a dash.</summary>
internal static class XmlProse
{
    /// <summary>The paragraphs of an element, white space collapsed, none empty.</summary>
    public static IEnumerable<string> Lines(XElement element)
    {
        var raw = new StringBuilder();
        AppendContent(element, raw);
        return raw.ToString().Split('\n').Select(Collapse).Where(line => line.Length > 0);
    }

    /// <summary>
    /// Three plain words or more, two of them in lower case, and more than half of all: this keeps sentences, and drops
    /// signatures, names of instructions and the like.
    /// </summary>
    public static bool IsSentence(string line)
    {
        int words = 0, plain = 0, lower = 0;
        foreach (var range in line.AsSpan().Split(' '))
        {
            var word = line.AsSpan()[range].Trim(".,;:()[]\"'`!?-");
            if (word.IsEmpty)
                continue;
            words++;
            if (word.Length < 2 || !char.IsLetter(word[0]) || word[1..].ContainsAnyExcept(s_laterLetters))
                continue;
            plain++;
            lower += char.IsLower(word[0]) ? 1 : 0;
        }
        return plain >= 3 && lower >= 2 && 2 * plain > words;
    }

    /// <summary>What may follow the first letter of a plain word.</summary>
    private static readonly System.Buffers.SearchValues<char> s_laterLetters =
        System.Buffers.SearchValues.Create("abcdefghijklmnopqrstuvwxyz'’-");

    private static void AppendContent(XElement element, StringBuilder raw)
    {
        foreach (var node in element.Nodes())
            if (node is XText text)
                AppendText(text.Value, raw);
            else if (node is XElement child)
                AppendElement(child, raw);
    }

    private static void AppendElement(XElement element, StringBuilder raw)
    {
        switch (element.Name.LocalName)
        {
            case "see" or "seealso" or "xref" or "a" when !element.IsEmpty && !string.IsNullOrWhiteSpace(element.Value):
                AppendContent(element, raw);
                break;
            case "see" or "seealso" or "xref":
                raw.Append(Attribute(element, "langword") ?? Reference(Attribute(element, "cref") ?? Attribute(element, "uid"))
                    ?? Attribute(element, "href"));
                break;
            case "paramref" or "typeparamref":
                raw.Append(Attribute(element, "name"));
                break;
            case "c" or "code" when Collapse(element.Value) is { Length: > 0 and <= 80 } code:
                raw.Append('`').Append(code).Append('`');
                break;
            case "para" or "p" or "list" or "ul" or "ol" or "code" or "example" or "br":
                raw.Append('\n');
                AppendContent(element, raw);
                raw.Append('\n');
                break;
            case "item" or "li":
                raw.Append("\n- ");
                AppendItem(element, raw);
                raw.Append('\n');
                break;
            case "listheader":
                break;
            case "sup":
                raw.Append('^');
                AppendContent(element, raw);
                break;
            default:
                AppendContent(element, raw);
                break;
        }
    }

    /// <summary>A list item's cells on one line: <c>term: description</c>.</summary>
    private static void AppendItem(XElement item, StringBuilder raw)
    {
        string[] cells = [.. item.Elements().Where(cell => cell.Name.LocalName is "term" or "description")
            .Select(cell => string.Join(' ', Lines(cell)))];
        if (cells.Length > 0)
            raw.AppendJoin(": ", cells.Where(cell => cell.Length > 0));
        else
            AppendContent(item, raw);
    }

    private static string? Attribute(XElement element, string name) => element.Attribute(name)?.Value;

    private static string? Reference(string? id) => string.IsNullOrEmpty(id) ? null : XmlMemberName.Short(id);

    /// <summary>A blank line inside the text ends a paragraph; other line ends are spaces.</summary>
    private static void AppendText(string text, StringBuilder raw)
    {
        for (var i = 0; i < text.Length; i++)
        {
            if (!char.IsWhiteSpace(text[i]))
            {
                raw.Append(text[i]);
                continue;
            }
            var lineEnds = 0;
            for (; i < text.Length && char.IsWhiteSpace(text[i]); i++)
                lineEnds += text[i] == '\n' ? 1 : 0;
            i--;
            raw.Append(lineEnds > 1 ? '\n' : ' ');
        }
    }

    private static string Collapse(string text) => string.Join(' ', text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
}

using System.Text;
using System.Xml;

namespace Espalier.Reports.Html;

/// <summary>
/// Writes markup that is both HTML 5 and well-formed XML. Everything that comes in is escaped, so no name, path or recipe can become
/// markup; characters that XML lacks become U+FFFD.
/// </summary>
internal sealed class HtmlBuilder(TextWriter output) : IDisposable
{
    private readonly XmlWriter _xml = XmlWriter.Create(output, new()
    {
        OmitXmlDeclaration = true,
        Indent = true,
        IndentChars = "",
        NewLineChars = "\n",
    });

    private int _ids;

    /// <summary>A name that no other element of the page has.</summary>
    internal string NextId() => $"d{++_ids}";

    /// <summary>The document type; comes first.</summary>
    internal void Doctype() => output.Write("<!DOCTYPE html>\n");

    /// <summary>Opens an element, which the returned scope closes. Attributes without a value are left out.</summary>
    internal Scope Open(string name, params ReadOnlySpan<HtmlAttribute> attributes)
    {
        Start(name, attributes);
        return new(_xml);
    }

    /// <summary>An element that holds nothing but text.</summary>
    internal void Leaf(string name, string text, params ReadOnlySpan<HtmlAttribute> attributes)
    {
        Start(name, attributes);
        Text(text);
        _xml.WriteFullEndElement();
    }

    /// <summary>A paragraph that says how to read what follows.</summary>
    internal void Note(string text) => Leaf("p", text, ("class", "how"));

    /// <summary>An element that holds nothing and has no end tag: meta, br, and the shapes of SVG.</summary>
    internal void Void(string name, params ReadOnlySpan<HtmlAttribute> attributes)
    {
        Start(name, attributes);
        _xml.WriteEndElement();
    }

    /// <summary>Text inside the open element.</summary>
    internal void Text(string text) => _xml.WriteString(Clean(text));
    public void Dispose() => _xml.Dispose();

    private void Start(string name, ReadOnlySpan<HtmlAttribute> attributes)
    {
        _xml.WriteStartElement(name);
        foreach (var (attribute, value) in attributes)
            if (value is not null)
                _xml.WriteAttributeString(attribute, Clean(value));
    }

    private static string Clean(string text)
    {
        StringBuilder? clean = null;
        for (var i = 0; i < text.Length; i++)
        {
            var pair = i + 1 < text.Length && XmlConvert.IsXmlSurrogatePair(text[i + 1], text[i]);
            if (pair || XmlConvert.IsXmlChar(text[i]))
                clean?.Append(text, i, pair ? 2 : 1);
            else
                (clean ??= new(text, 0, i, text.Length)).Append('\uFFFD');
            i += pair ? 1 : 0;
        }
        return clean?.ToString() ?? text;
    }

    /// <summary>An open element.</summary>
    internal readonly ref struct Scope(XmlWriter xml)
    {
        /// <summary>Closes it, with an end tag even where it is empty: HTML knows no other way.</summary>
        public void Dispose() => xml.WriteFullEndElement();
    }
}

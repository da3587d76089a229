using System.Xml;
using System.Xml.Linq;

namespace Espalier.Compression.Data.Xml;

/// <summary>
/// Reads one element as a tree, leaving out what is nested too deep: building a deep tree takes the square of its depth
/// in time, and walking it takes stack. Namespaces do not matter here.
/// </summary>
internal static class XmlElements
{
    private const int MaxDepth = 32;

    /// <summary>Reads the element that the reader stands on, and moves after it.</summary>
    public static XElement Read(XmlReader xml)
    {
        var root = Begin(xml, out var open);
        xml.Read();
        if (!open)
            return root;
        var element = root;
        for (var depth = 1; depth > 0;)
        {
            switch (xml.NodeType)
            {
                case XmlNodeType.Element when depth >= MaxDepth:
                    xml.Skip();
                    continue;
                case XmlNodeType.Element:
                    var child = Begin(xml, out open);
                    element.Add(child);
                    (element, depth) = open ? (child, depth + 1) : (element, depth);
                    break;
                case XmlNodeType.EndElement:
                    depth--;
                    element = element.Parent ?? root;
                    break;
                case XmlNodeType.Text or XmlNodeType.CDATA or XmlNodeType.Whitespace or XmlNodeType.SignificantWhitespace:
                    element.Add(new XText(xml.Value));
                    break;
            }
            xml.Read();
        }
        return root;
    }

    private static XElement Begin(XmlReader xml, out bool open)
    {
        var element = new XElement(xml.LocalName);
        open = !xml.IsEmptyElement;
        while (xml.MoveToNextAttribute())
            element.SetAttributeValue(xml.LocalName, xml.Value);
        xml.MoveToElement();
        return element;
    }
}

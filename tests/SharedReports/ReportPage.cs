using System.Xml;
using System.Xml.Linq;

namespace Espalier.Tests;

/// <summary>A report as a tree: it is well formed, so that an XML reader takes it.</summary>
internal static class ReportPage
{
    /// <summary>The page of a report.</summary>
    public static XDocument Parse(string html)
    {
        Assert.StartsWith("<!DOCTYPE html>", html, StringComparison.Ordinal);
        using var reader = XmlReader.Create(new StringReader(html), new() { DtdProcessing = DtdProcessing.Ignore });
        return XDocument.Load(reader);
    }
}

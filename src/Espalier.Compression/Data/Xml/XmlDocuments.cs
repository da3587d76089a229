using System.Text;
using System.Xml;
using System.Xml.Linq;
using Espalier.Compression.Data.Records;

namespace Espalier.Compression.Data.Xml;

/// <summary>
/// Documents of a .NET XML documentation file: a type, then its members, as prose. Small types share a document,
/// large ones are cut between members, so that documents are about 1 to 4 KB.
/// </summary>
internal static class XmlDocuments
{
    private const int LeastCharacters = 1024, MostCharacters = 4096;
    private const long MaxFileCharacters = 64L << 20;

    public static IEnumerable<Document> Read(Stream stream, string path, ReadContext context)
    {
        using var xml = XmlReader.Create(stream, new XmlReaderSettings
        {
            DtdProcessing = DtdProcessing.Prohibit,
            XmlResolver = null,
            MaxCharactersInDocument = MaxFileCharacters,
            IgnoreComments = true,
            IgnoreProcessingInstructions = true,
        });
        if (!IsDocumentation(xml, path, context.Skips))
            yield break;

        var members = new XmlMemberProse(context);
        var text = new StringBuilder();
        string type = "", firstMember = "";
        while (NextMember(xml, path) is { } element)
        {
            if (members.Render(element) is not { } member)
                continue;
            var startsType = member.Type != type;
            type = member.Type;
            if (text.Length > 0 && (text.Length + member.Text.Length > MostCharacters || (startsType && text.Length >= LeastCharacters)))
            {
                yield return Finish(text, path, firstMember);
                startsType = true;
            }
            if (text.Length == 0)
                firstMember = member.Id;
            if (startsType)
                text.Append("# ").Append(members.TypeHeading(type)).Append("\n\n");
            text.Append(member.Text).Append("\n\n");
        }
        if (text.Length > 0)
            yield return Finish(text, path, firstMember);
    }

    private static Document Finish(StringBuilder text, string path, string firstMember)
    {
        var document = new Document(text.ToString().TrimEnd('\n'), $"{path}: {firstMember}");
        text.Clear();
        return document;
    }

    private static bool IsDocumentation(XmlReader xml, string path, SkipCounts skips) => Guard(path, () =>
    {
        if (xml.MoveToContent() == XmlNodeType.Element && xml.Name == "doc")
            return true;
        skips.Add(SkipReason.NotDocumentation);
        return false;
    });

    private static XElement? NextMember(XmlReader xml, string path) => Guard(path, () =>
    {
        while (xml.NodeType != XmlNodeType.Element || xml.Name != "member")
            if (!xml.Read())
                return null;
        return XmlElements.Read(xml);
    });

    private static T Guard<T>(string path, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (XmlException error)
        {
            throw new EspalierException($"data '{path}' line {error.LineNumber}: broken XML: {error.Message}", error);
        }
        catch (Exception error) when (error is IOException or InvalidDataException or UnauthorizedAccessException)
        {
            throw new EspalierException($"data '{path}': cannot be read: {error.Message}", error);
        }
    }
}

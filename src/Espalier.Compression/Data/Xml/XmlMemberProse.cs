using System.Text;
using System.Xml.Linq;
using Espalier.Compression.Data.Records;

namespace Espalier.Compression.Data.Xml;

/// <summary>
/// One documented member as readable text: a heading with its name, the summary, parameters, result, exceptions and
/// remarks. Lines without a sentence, and lines read before, are left out; a member whose summary goes, goes whole.
/// </summary>
internal sealed class XmlMemberProse(ReadContext context)
{
    private readonly Dictionary<string, string[]> _typeParameters = new(StringComparer.Ordinal);

    /// <summary>The heading of a type, by its id without kind.</summary>
    public string TypeHeading(string type) => XmlMemberName.Heading($"T:{type}", ParametersOf(type), []);

    /// <summary>The member's text, or null where nothing is left of it (which is counted).</summary>
    public (string Id, string Type, string Text)? Render(XElement member)
    {
        var id = member.Attribute("name")?.Value ?? "";
        if (id.Length is < 3 or > 4096 || id[1] != ':')
            return Skip(SkipReason.NoProse);
        var type = XmlMemberName.DeclaringType(id);
        string[] ownParameters = [.. member.Elements("typeparam").Select(Name)];
        if (id[0] == 'T')
            _typeParameters[type] = ownParameters;

        var summary = string.Join('\n', Sentences(member.Elements("summary")));
        if (summary.Length == 0)
            return Skip(SkipReason.NoProse);
        if (!context.IsNewProse(summary))
            return Skip(SkipReason.DuplicateProse);

        var text = new StringBuilder();
        if (id[0] != 'T')
            text.Append("## ").Append(XmlMemberName.Heading(id, ParametersOf(type), ownParameters)).Append("\n\n");
        text.Append(summary).Append('\n');
        foreach (var parameter in member.Elements("typeparam").Concat(member.Elements("param")))
            AppendNew(text, $"- {Name(parameter)}: ", [parameter]);
        AppendNew(text, "Returns: ", member.Elements("returns"));
        AppendNew(text, "Value: ", member.Elements("value"));
        foreach (var exception in member.Elements("exception"))
            AppendNew(text, $"Throws {XmlMemberName.Short(exception.Attribute("cref")?.Value ?? "Exception")}: ", [exception]);
        AppendNew(text, "", member.Elements("remarks"));
        AppendNew(text, "Example: ", member.Elements("example"));
        return (id, type, text.ToString().TrimEnd('\n'));
    }

    private void AppendNew(StringBuilder text, string label, IEnumerable<XElement> elements)
    {
        var paragraph = label + string.Join('\n', Sentences(elements));
        if (paragraph.Length == label.Length)
            return;
        if (context.IsNewProse(paragraph))
            text.Append(paragraph).Append('\n');
        else
            context.Skips.Add(SkipReason.DuplicateProse);
    }

    private static IEnumerable<string> Sentences(IEnumerable<XElement> elements) =>
        elements.SelectMany(XmlProse.Lines).Where(XmlProse.IsSentence);

    private string[] ParametersOf(string type) => _typeParameters.GetValueOrDefault(type, []);

    private static string Name(XElement element) => element.Attribute("name")?.Value ?? "value";

    private (string, string, string)? Skip(SkipReason reason)
    {
        context.Skips.Add(reason);
        return null;
    }
}

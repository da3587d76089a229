using System.Reflection;
using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace Espalier.Cli.Tests.Repository;

/// <summary>
/// The compiler asks for docs of all parameters of a member or of none (CS1573), public or not, and so projects whose internal members say
/// less have that switched off. What is public is held to it here.
/// </summary>
public sealed partial class PublicDocsTests
{
    [Theory]
    [MemberData(nameof(PublicApiTests.Packages), MemberType = typeof(PublicApiTests))]
    public void A_public_member_that_describes_a_parameter_describes_all(string package)
    {
        var assembly = Assembly.Load(package);
        var docs = XDocument.Load(Path.ChangeExtension(assembly.Location, ".xml")).Descendants("member").ToArray();
        Assert.NotEmpty(docs);
        Assert.Empty(docs.Where(doc => IsPublic(doc, assembly) && doc.Elements("param").Any()
            && doc.Elements("param").Count() != Parameters((string)doc.Attribute("name")!)).Select(doc => (string?)doc.Attribute("name")));
    }

    [Theory]
    [InlineData("M:A.B.C", 0)]
    [InlineData("M:A.B.#ctor(System.Int32)", 1)]
    [InlineData("M:A.B.C(System.Func{System.Int32,System.Int64},System.Int32[0:,0:],System.ValueTuple{System.Int32,D{E,F}})", 3)]
    public void Parameters_are_counted_by_the_name_of_a_member(string name, int count) => Assert.Equal(count, Parameters(name));

    private static bool IsPublic(XElement doc, Assembly assembly)
    {
        if (Member().Match((string)doc.Attribute("name")!) is not { Success: true } member)
            return false;
        var type = assembly.GetType(member.Groups["type"].Value);
        return type is { IsVisible: true } && type.GetMember(member.Groups["name"].Value.Replace('#', '.'), MemberTypes.All,
            BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static).OfType<MethodBase>()
            .Any(method => (method.IsPublic || method.IsFamily || method.IsFamilyOrAssembly)
                && method.GetParameters().Length == Parameters((string)doc.Attribute("name")!));
    }

    // Commas between parameters stand in no braces or brackets.
    private static int Parameters(string name)
    {
        if (name.IndexOf('(', StringComparison.Ordinal) is not (>= 0 and var open))
            return 0;
        var (depth, count) = (0, 1);
        foreach (var c in name[(open + 1)..])
        {
            depth += c is '{' or '[' ? 1 : c is '}' or ']' ? -1 : 0;
            count += c == ',' && depth == 0 ? 1 : 0;
        }
        return count;
    }

    [GeneratedRegex(@"^M:(?<type>[^(]+)\.(?<name>[^.(`]+)(``\d+)?(\(|$)")]
    private static partial Regex Member();
}

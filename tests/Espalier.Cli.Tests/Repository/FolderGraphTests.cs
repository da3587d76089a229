using System.Xml.Linq;

namespace Espalier.Cli.Tests.Repository;

/// <summary>Arrows go one way: between projects as AGENTS.md draws them, between the folders of a project in no circle.</summary>
public sealed class FolderGraphTests
{
    /// <summary>What each project may know directly; what those know comes with them.</summary>
    private static readonly Dictionary<string, string[]> s_mayKnow = new()
    {
        ["Espalier.Files"] = [],
        ["Espalier.Torch"] = ["Espalier.Files"],
        ["Espalier.Models"] = ["Espalier.Torch"],
        ["Espalier.Compression"] = ["Espalier.Models"],
        ["Espalier.Evaluation"] = ["Espalier.Compression"],
        ["Espalier.Pipeline"] = ["Espalier.Evaluation"],
        ["Espalier.Reports"] = ["Espalier.Pipeline"],
        ["Espalier.Server"] = ["Espalier.Models"],
        ["Espalier.Cli"] = ["Espalier.Reports", "Espalier.Server"],
    };

    private static IEnumerable<string> Projects => s_mayKnow.Keys;

    [Fact]
    public void A_project_knows_what_the_design_lets_it_know()
    {
        var known = Below("src/", ".csproj").ToDictionary(
            path => Path.GetFileNameWithoutExtension(path),
            path => XDocument.Parse(RepositoryFiles.Read(path)).Descendants("ProjectReference")
                .Select(reference => Path.GetFileNameWithoutExtension(reference.Attribute("Include")!.Value)).Order().ToArray());
        Assert.Equal(Projects.Order(), known.Keys.Order());
        Assert.All(known, project => Assert.Equal(s_mayKnow[project.Key].Order(), project.Value));
    }

    [Fact]
    public void No_folder_knows_one_that_knows_it()
    {
        var found = Projects.SelectMany(project => InCycles(project).Select(arrow => $"{project}: {arrow.Key}  ({arrow.Value})")).ToArray();
        Assert.True(found.Length == 0, "arrows in a circle of folders:\n" + string.Join('\n', found));
    }

    [Fact]
    public void An_arrow_is_found_where_a_type_is_named()
    {
        string[] cycle = ["A -> B", "B -> A"];
        Assert.Equal(cycle, Cycles("namespace N.A; class One { Two x; }", "namespace N.B; using N.A; class Two : One;", "using N.B;\n"));
        Assert.Empty(Cycles("namespace N.A; class One;", "namespace N.B; class Two : One;", ""));
    }

    [Theory]
    [InlineData("class One { object Two { get; } }")]
    [InlineData("class One { object Two => this; }")]
    [InlineData("class One { object x = y.Two; }")]
    [InlineData("class One { object x = new(Two: 1); }")]
    [InlineData("class One { string x = \"Two\"; }")]
    [InlineData("class One; // Two")]
    [InlineData("class One { string x = \"\"\"\n    Two\n    \"\"\"; }")]
    public void What_only_bears_the_name_of_a_type_is_no_arrow(string code) =>
        Assert.Empty(Cycles($"namespace N;\n{code}", "namespace N;\nclass Two : One;", ""));

    [Theory]
    [InlineData("class One { Two x; }")]
    [InlineData("class One { Two Two { get; } }")]
    [InlineData("class One { object x = Two.Empty; }")]
    [InlineData("class One(List<Two> x);")]
    [InlineData("class One { bool x = y is Two; }")]
    [InlineData("class One { object x = new Two(); }")]
    public void What_names_a_type_is_one(string code) =>
        Assert.Equal(["A -> B", "B -> A"], Cycles($"namespace N;\n{code}", "namespace N;\nclass Two : One;", ""));

    private static IEnumerable<string> Cycles(string a, string b, string before)
    {
        a = before + a.Replace("; class", ";\nclass", StringComparison.Ordinal);
        return new FolderGraph([("A/One.cs", a), ("B/Two.cs", b.Replace("; ", ";\n", StringComparison.Ordinal))])
            .InCycles.Select(arrow => arrow.Key);
    }

    private static IEnumerable<KeyValuePair<string, string>> InCycles(string project)
    {
        var folder = $"src/{project}/";
        var sources = Below(folder, ".cs").ToArray();
        Assert.NotEmpty(sources);
        return new FolderGraph(sources.Select(path => (path[folder.Length..], RepositoryFiles.Read(path)))).InCycles;
    }

    private static IEnumerable<string> Below(string folder, string extension) => RepositoryFiles.All.Where(path =>
        path.StartsWith(folder, StringComparison.Ordinal) && path.EndsWith(extension, StringComparison.Ordinal));
}

using System.Reflection;
using System.Text.RegularExpressions;
using Espalier.Tests;
using PublicApiGenerator;

namespace Espalier.Cli.Tests.Repository;

/// <summary>
/// What a program that uses the packages sees stands in a file beside each project, <c>PublicAPI.txt</c>: it changes when somebody means it
/// to. <c>ESPALIER_RECORD=1 ./test --filter PublicApi</c> writes the files.
/// </summary>
public sealed partial class PublicApiTests
{
    // A hundred, and the one class that a model has to be to programs of Microsoft.Extensions.AI: IChatClient is their interface, so that
    // nothing of what is public here already could be it.
    private const int MostTypes = 101;

    private static readonly string[] s_packages =
        ["Espalier.Files", "Espalier.Torch", "Espalier.Models", "Espalier.Compression", "Espalier.Pipeline", "Espalier.Reports",
            "Espalier.Server"];

    public static TheoryData<string> Packages => [.. s_packages];

    [Theory]
    [MemberData(nameof(Packages))]
    public void It_is_what_the_file_says(string package)
    {
        var (path, text) = (PathOf(package), TextOf(package));
        if (Environment.GetEnvironmentVariable("ESPALIER_RECORD") == "1")
            File.WriteAllText(Path.Combine(Fixtures.Root, path), text);
        Assert.Equal(RepositoryFiles.Read(path), text);
    }

    /// <summary>A class of extension methods is no type that a program names: they are methods of the type that they extend.</summary>
    [Fact]
    public void It_is_small()
    {
        var types = s_packages.Select(TextOf).SelectMany(text => Type().Matches(text).Select(match => match.Value.Trim())
            .Except(Extensions().Matches(text).Select(match => match.Groups[1].Value))).ToArray();
        Assert.True(types.Length <= MostTypes,
            $"{types.Length} public types, and {MostTypes} are the most: what is not for users is internal\n{string.Join('\n', types)}");
    }

    private static string PathOf(string package) => $"src/{package}/PublicAPI.txt";

    private static string TextOf(string package) => Assembly.Load(package).GeneratePublicApi(new()
    {
        IncludeAssemblyAttributes = false,
        ExcludeAttributes = ["System.Runtime.CompilerServices.CompilerGeneratedAttribute", "System.Diagnostics.DebuggerDisplayAttribute"],
    }).ReplaceLineEndings("\n").TrimEnd() + "\n";

    [GeneratedRegex(@"^\s+public (?:static |sealed |abstract |readonly |ref |partial )*(?:class|struct|interface|enum|delegate|record) .*$",
        RegexOptions.Multiline)]
    private static partial Regex Type();

    /// <summary>A static class with a member that extends something.</summary>
    [GeneratedRegex(@"^    (public static class \w+)\n    \{\n(?:     .*\n)*?     .*(?:\(this |extension\()", RegexOptions.Multiline)]
    private static partial Regex Extensions();
}

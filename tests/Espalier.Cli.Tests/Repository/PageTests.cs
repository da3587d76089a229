using System.Text.RegularExpressions;
using Espalier.Tests;

namespace Espalier.Cli.Tests.Repository;

/// <summary>
/// What all pages must hold to: links that lead somewhere, decisions of one form, nothing of the machine they were written on.
/// </summary>
public sealed partial class PageTests
{
    private const string Decisions = "docs/decisions/";

    /// <summary>Fixtures and models hold text of others, where any path may be mentioned.</summary>
    private static readonly string[] s_data = ["models/", "tests/golden/"];

    private static readonly string[] s_text =
        [".cs", ".cpp", ".h", ".txt", ".md", ".sh", ".yaml", ".yml", ".json", ".props", ".csproj", ".slnx", ".mjs", ".js", ".editorconfig",
            ".gitignore", ""];

    [Fact]
    public void Relative_links_lead_somewhere()
    {
        foreach (var page in RepositoryFiles.Pages)
            foreach (Match link in Link().Matches(CodeBlock().Replace(RepositoryFiles.Read(page), "")))
            {
                var target = link.Groups["target"].Value.Split('#')[0];
                if (target.Length == 0 || target.Contains(':', StringComparison.Ordinal))
                    continue;
                var path = Path.GetFullPath(Path.Combine(Fixtures.Root, Path.GetDirectoryName(page)!, target));
                Assert.True(path.StartsWith(Fixtures.Root, StringComparison.Ordinal) && Path.Exists(path),
                    $"{page} links to {target}, which does not exist");
            }
    }

    [Fact]
    public void Decisions_are_numbered_without_a_gap_and_have_their_sections()
    {
        var pages = RepositoryFiles.Pages.Where(page => page.StartsWith(Decisions, StringComparison.Ordinal)).ToArray();
        Assert.NotEmpty(pages);
        for (var i = 0; i < pages.Length; i++)
        {
            var number = (i + 1).ToString("0000", CultureInfo.InvariantCulture);
            Assert.StartsWith($"{Decisions}{number}-", pages[i]);
            var lines = RepositoryFiles.Read(pages[i]).Split('\n');
            Assert.StartsWith($"# {number}: ", lines[0]);
            Assert.Equal(["## Context", "## Choice", "## What was measured", "## What would change it"],
                lines.Where(line => line.StartsWith("## ", StringComparison.Ordinal)));
        }
    }

    [Fact]
    public void No_file_tells_the_machine_it_was_written_on()
    {
        var files =
            RepositoryFiles.All.Where(path => s_text.Contains(Path.GetExtension(path))
                && !s_data.Any(folder => path.StartsWith(folder, StringComparison.Ordinal)));
        foreach (var path in files)
            if (TellTale(RepositoryFiles.Read(path)) is { } found)
                Assert.Fail($"{path} has '{found}': a path or name of one machine");
    }

    [Theory]
    [InlineData("see /wo|rk/espalier/src", true)]
    [InlineData("\"/ho|me/somebody/models\"", true)]
    [InlineData("$folder/ro|ot/.nuget", false)]
    [InlineData("https://example.org/wo|rk/", false)]
    [InlineData("../shared/text", false)]
    public void A_path_of_a_machine_is_told_from_others(string text, bool found) =>
        Assert.Equal(found, TellTale(text.Replace("|", "", StringComparison.Ordinal)) is not null);

    /// <summary>
    /// An absolute path into somebody's folders, this clone's own place, or this machine's name where it is no common word.
    /// </summary>
    private static string? TellTale(string text)
    {
        var name = Environment.MachineName;
        return Place().Match(text) is { Success: true } place ? place.Value
            : text.Contains(Fixtures.Root + "/", StringComparison.Ordinal) && Fixtures.Root.Count(c => c == '/') > 1 ? Fixtures.Root
            : name.Length >= 8 && name.Any(char.IsAsciiDigit) && text.Contains(name, StringComparison.OrdinalIgnoreCase) ? name
            : null;
    }

    [GeneratedRegex(@"(?<![\w.}/-])/(work|root|home|Users)/", RegexOptions.CultureInvariant)]
    private static partial Regex Place();

    [GeneratedRegex(@"\]\((?<target>[^)\s]+)\)")]
    private static partial Regex Link();

    [GeneratedRegex(@"^```.*?^```", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex CodeBlock();
}

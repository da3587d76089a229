using System.Text.RegularExpressions;
using Espalier.Cli.Commands;
using Espalier.Evaluation.Catalog;
using Espalier.Pipeline.Recipes;
using Espalier.Tests;

namespace Espalier.Cli.Tests.Repository;

/// <summary>The README, and the tree of docs/architecture.md, against the repository and the program.</summary>
public sealed partial class ReadmeTests
{
    /// <summary>How deep the tree goes below each folder at the root; one level where nothing is said.</summary>
    private static readonly Dictionary<string, int> s_depths = new() { ["src"] = 2, ["scripts"] = 0 };

    [Fact]
    public void The_tree_has_the_folders_of_the_repository_and_no_others()
    {
        var there = RepositoryFiles.Folders.Where(IsInTheTree).Order(StringComparer.Ordinal);
        var told = Tree().Where(path => path.EndsWith('/')).Order(StringComparer.Ordinal);
        Assert.Equal(there, told);
    }

    [Fact]
    public void Files_that_the_tree_names_exist() =>
        Assert.All(Tree().Where(path => !path.EndsWith('/')), path => Assert.True(File.Exists(Path.Combine(Fixtures.Root, path)), path));

    [Fact]
    public void What_the_table_of_places_names_is_there()
    {
        var places = Place().Matches(Block("where")).Select(match => match.Groups["path"].Value).ToArray();
        Assert.NotEmpty(places);
        Assert.All(places, path => Assert.True(Path.Exists(Path.Combine(Fixtures.Root, path)), path));
    }

    [Fact]
    public void Every_folder_of_the_tree_is_annotated() =>
        Assert.All(TreeLines(), line => Assert.NotEmpty(line.Groups["text"].Value));

    [Fact]
    public void The_table_has_the_commands_of_the_program_and_no_others() =>
        Assert.Equal(CommandList.All().Select(command => command.Name).Order(StringComparer.Ordinal),
            CommandsOfTheTable().Order(StringComparer.Ordinal));

    [Fact]
    public void Every_task_of_the_program_is_on_the_page_of_tasks()
    {
        var page = File.ReadAllText(Path.Combine(Fixtures.Root, "docs", "tasks.md"))
            + File.ReadAllText(Path.Combine(Fixtures.Root, "docs", "context-tasks.md"));
        Assert.All(TaskCatalog.Names.Where(name => !name.StartsWith("ruler_niah", StringComparison.Ordinal)),
            name => Assert.Contains($"`{name}`", page, StringComparison.Ordinal));
    }

    [Fact]
    public void Recipes_and_tasks_that_pages_show_are_read()
    {
        var recipes =
            RepositoryFiles.Pages.SelectMany(page => Recipe().Matches(RepositoryFiles.Read(page))
                .Select(match => (page, match.Groups["text"].Value))).ToArray();
        Assert.NotEmpty(recipes);
        Assert.All(recipes, shown =>
        {
            if (shown.page is "docs/tasks.md" or "docs/context-tasks.md")
                TaskFile.Parse(shown.Value, shown.page);
            else
                RecipeFile.Parse(shown.Value, shown.page);
        });
    }

    [Fact]
    public void Commands_that_pages_show_are_in_the_table()
    {
        var known = CommandsOfTheTable().ToHashSet();
        Assert.NotEmpty(known);
        foreach (var page in RepositoryFiles.Pages)
            foreach (Match shown in CommandLine().Matches(RepositoryFiles.Read(page)))
                Assert.True(known.Contains(shown.Groups["name"].Value),
                    $"{page} shows '{shown.Value.Trim()}', which is no command of the README's table");
    }

    [Theory]
    [InlineData("quickstart-output")]
    [InlineData("commands")]
    public void Delimited_blocks_are_closed(string name) => Assert.NotEmpty(Block(name));

    private static bool IsInTheTree(string folder)
    {
        var parts = folder.TrimEnd('/').Split('/');
        return parts.Length <= 1 + s_depths.GetValueOrDefault(parts[0], 1) && !(parts[0] == "tests" && parts.Length > 2);
    }

    private static IEnumerable<string> Tree()
    {
        var open = new List<string>();
        foreach (var line in TreeLines())
        {
            var (depth, name) = (line.Groups["indent"].Length / 4, line.Groups["name"].Value);
            open.RemoveRange(depth, open.Count - depth);
            yield return string.Concat(open) + name;
            if (name.EndsWith('/'))
                open.Add(name);
        }
    }

    private static IEnumerable<Match> TreeLines() =>
        Block("tree", "docs/architecture.md").Split('\n')
            .Where(line => line.Length > 0 && !line.StartsWith("```", StringComparison.Ordinal))
            .Select(line => TreeLine().Match(line));

    private static IEnumerable<string> CommandsOfTheTable() =>
        TableRow().Matches(Block("commands")).Select(row => row.Groups["name"].Value);

    /// <summary>What a page, README unless it is named, has between <c>&lt;!-- name --&gt;</c> and <c>&lt;!-- /name --&gt;</c>.</summary>
    private static string Block(string name, string page = "README.md")
    {
        var text = RepositoryFiles.Read(page);
        var (first, last) = ($"<!-- {name} -->\n", $"<!-- /{name} -->");
        var (start, end) = (text.IndexOf(first, StringComparison.Ordinal), text.IndexOf(last, StringComparison.Ordinal));
        Assert.True(start >= 0 && end > start, $"{page} has no block between {first.Trim()} and {last}");
        return text[(start + first.Length)..end];
    }

    [GeneratedRegex(@"^(?<indent>(    )*)(?<name>\S+)\s*(?<text>.*)$")]
    private static partial Regex TreeLine();

    [GeneratedRegex(@"^\| `(?<name>[a-z-]+)", RegexOptions.Multiline)]
    private static partial Regex TableRow();

    [GeneratedRegex(@"`(?<path>src/[^`]+)`")]
    private static partial Regex Place();

    [GeneratedRegex(@"^```yaml\n(?<text>.*?)^```", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Recipe();

    // At the start of a line of code or of a code span; capitals are placeholders, and what begins with a dash is an option.
    [GeneratedRegex(@"(^    |`)(\./)?espalier (?<name>[a-z][a-z-]*)\b", RegexOptions.Multiline)]
    private static partial Regex CommandLine();
}

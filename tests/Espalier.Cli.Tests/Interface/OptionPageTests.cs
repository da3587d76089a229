using System.Text;
using Espalier.Tests;

namespace Espalier.Cli.Tests.Interface;

/// <summary>
/// The tables of options in docs/commands.md are those of the commands' declarations. With <c>ESPALIER_RECORD=1</c> they are written anew.
/// </summary>
public sealed class OptionPageTests
{
    private const string Begin = "<!-- options -->\n", End = "<!-- /options -->";

    [Fact]
    public void The_pages_tables_are_those_of_the_commands()
    {
        var path = Path.Combine(Fixtures.Root, "docs", "commands.md");
        var page = File.ReadAllText(path);
        var (begin, end) = (page.IndexOf(Begin, StringComparison.Ordinal) + Begin.Length, page.IndexOf(End, StringComparison.Ordinal));
        Assert.True(begin >= Begin.Length && end >= begin, "docs/commands.md has no marks for the options");
        var tables = Tables();
        if (Environment.GetEnvironmentVariable("ESPALIER_RECORD") == "1")
            File.WriteAllText(path, page[..begin] + tables + page[end..]);
        else
            Assert.True(page[begin..end] == tables,
                "docs/commands.md: its options are not those of the commands; write them with ESPALIER_RECORD=1 ./test --filter "
                    + "OptionPage");
    }

    private static string Tables()
    {
        var text = new StringBuilder();
        using var facts = JsonDocument.Parse(TestCommand.Launch("help --json").Output);
        foreach (var command in facts.RootElement.GetProperty("commands").EnumerateArray())
        {
            var options = command.GetProperty("options").EnumerateArray().Where(option => Text(option, "name") != "--json").ToArray();
            // Those without a heading of help are of tests.
            if (options.Length == 0 || Text(command, "group") == "Others")
                continue;
            text.Append($"\n### {Text(command, "name")}\n\n| option | default | meaning |\n|---|---|---|\n");
            foreach (var option in options)
            {
                // Some say their default in the description, where the parser's help would show C#'s name of it.
                var (description, said) = Text(option, "description")!.Split(" [default: ") is [var before, var after]
                    ? (before, after.TrimEnd(']')) : (Text(option, "description")!, "");
                text.Append($"| {Names(option)} | {ByDefault(option, said)} | {Cell(description)} |\n");
            }
        }
        return text.Append('\n').ToString();
    }

    private static string Names(JsonElement option) =>
        string.Join(", ", option.GetProperty("aliases").EnumerateArray().Select(alias => $"`{alias.GetString()}`")
        .Prepend($"`{Cell($"{Text(option, "name")} {Text(option, "value")}".Trim())}`"));

    private static string ByDefault(JsonElement option, string said) =>
        option.GetProperty("required").GetBoolean() ? "required" : Cell(Text(option, "default") ?? said);

    private static string? Text(JsonElement element, string field) =>
        element.TryGetProperty(field, out var value) ? value.GetString() : null;

    private static string Cell(string text) => text.Replace("|", "\\|", StringComparison.Ordinal);
}

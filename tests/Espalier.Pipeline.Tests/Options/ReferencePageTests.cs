using Espalier.Pipeline.Options;
using Espalier.Pipeline.Options.Training;
using Espalier.Pipeline.Recipes;

namespace Espalier.Tests.Options;

/// <summary>
/// The tables of docs/recipe.md are those of the declarations of keys. With <c>ESPALIER_RECORD=1</c> they are written anew.
/// </summary>
public sealed class ReferencePageTests
{
    private static readonly string s_page = Path.Combine(Fixtures.Root, "docs", "recipe.md");

    public static TheoryData<string> Sections =>
        [.. RecipeKeys.Section.All.Select(section => section.Name.Length == 0 ? "top level" : section.Name)];

    [Theory]
    [MemberData(nameof(Sections))]
    public void The_pages_table_is_that_of_the_keys(string section)
    {
        var page = File.ReadAllText(s_page);
        var begin = page.IndexOf($"<!-- keys: {section} -->\n", StringComparison.Ordinal);
        Assert.True(begin >= 0, $"docs/recipe.md has no mark for the keys of {section}");
        begin = page.IndexOf('\n', begin) + 1;
        var end = page.IndexOf("<!-- /keys -->", begin, StringComparison.Ordinal);
        var table = $"| key | default | meaning |\n|---|---|---|\n{string.Concat(Rows(section))}";
        if (Environment.GetEnvironmentVariable("ESPALIER_RECORD") == "1")
        {
            File.WriteAllText(s_page, page[..begin] + table + page[end..]);
            return;
        }
        Assert.True(table == page[begin..end],
            $"docs/recipe.md, {section}: its table is not that of the keys; write it with ESPALIER_RECORD=1 ./test --filter ReferencePage");
    }

    [Fact]
    public void Every_key_of_a_recipe_has_a_meaning_and_a_default()
    {
        foreach (var key in RecipeKeys.Section.All.SelectMany(section => section.Keys))
            Assert.True(key is { Page.Length: > 0, PageDefault.Length: > 0 }, key.Name);
    }

    private static IEnumerable<string> Rows(string name)
    {
        var section = RecipeKeys.Section.All.Single(section => section.Name == (name == "top level" ? "" : name));
        // What means the same as in the correction is not said twice.
        var said = name == "distill" ? CorrectionSection.Section.Keys.ToDictionary(key => key.Name, key => (key.Page, key.PageDefault))
            : [];
        return section.Keys.Select(key => Row(
            key.Name, key.PageDefault, said.TryGetValue(key.Name, out var before) && before == (key.Page, key.PageDefault)
                ? "As in `correct`." : key.Page));
    }

    private static string Row(string name, string byDefault, string meaning) =>
        $"| `{name}` | {byDefault} | {meaning.ReplaceLineEndings(" ")} |\n";
}

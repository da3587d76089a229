namespace Espalier.Tests.Options;

/// <summary>The tables of docs/recipe.md are those of the declarations of keys. With <c>ESPALIER_RECORD=1</c> they are written anew.</summary>
public sealed class ReferencePageTests
{
    private static readonly string s_page = Path.Combine(Fixtures.Root, "docs", "recipe.md");

    public static TheoryData<string> Sections => ["correct", "distill", "hidden", "cache"];

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
        Assert.True(table == page[begin..end], $"docs/recipe.md, {section}: its table is not that of the keys; write it with ESPALIER_RECORD=1 ./test --filter ReferencePage");
    }

    private static IEnumerable<string> Rows(string section)
    {
        TrainingScope ofCorrection = new(Corrects: true), ofStudent = new(HasLoss: true);
        return section switch
        {
            "correct" => [.. CorrectionSection.Keys().Select(Row), .. TrainingSection.KeysOf(ofCorrection).Select(Row)],
            // What means the same as in the section before is not said twice.
            "distill" =>
            [
                .. TrainingSection.KeysOfLoss().Select(Row),
                .. TrainingSection.KeysOf(ofStudent).Zip(TrainingSection.KeysOf(ofCorrection)).Select(pair =>
                    Row(pair.First.Name, pair.First.PageDefault, (pair.First.Page, pair.First.PageDefault) == (pair.Second.Page, pair.Second.PageDefault) ? "As in `correct`." : pair.First.Page)),
            ],
            "hidden" => HiddenKeys.Keys.Select(Row),
            _ => CacheSection.Keys.Select(Row),
        };
    }

    private static string Row<S>(Key<S> key) where S : new() => Row(key.Name, key.PageDefault, key.Page);

    private static string Row(string name, string byDefault, string meaning) => $"| `{name}` | {byDefault} | {meaning.ReplaceLineEndings(" ")} |\n";
}

using System.Text.RegularExpressions;
using Espalier.Compression.Importance.Depth;
using Espalier.Compression.Importance.Values;
using Espalier.Pipeline.Options;
using Espalier.Pipeline.Options.Shapes;
using Espalier.Pipeline.Options.Training;
using Espalier.Pipeline.Planning;
using Espalier.Pipeline.Recipes;
using Espalier.Tests;

namespace Espalier.Tests.Recipes;

/// <summary>The recipes and the page about them, as they stand in the repository.</summary>
public sealed class RecipeFolderTests
{
    public static TheoryData<string> Names =>
        [.. Directory.GetFiles(Path.Combine(Fixtures.Root, "recipes"), "*.yaml").Select(path => Path.GetFileName(path))
            .Order(StringComparer.Ordinal)];

    private static string Page => File.ReadAllText(Path.Combine(Fixtures.Root, "docs", "recipe.md"));

    [Theory]
    [MemberData(nameof(Names))]
    public void Every_recipe_parses_and_plans(string name)
    {
        var recipe = RecipeFile.Read(Path.Combine(Fixtures.Root, "recipes", name));
        var plan = RecipePlan.Of(recipe);
        Assert.True(plan.Student.Parameters <= plan.Teacher.Parameters);
        Assert.NotEmpty(plan.Stages);
        Assert.Equal(RecipeFile.Canonical(recipe), RecipeFile.Canonical(RecipeFile.Parse(RecipeFile.Canonical(recipe), name)));
    }

    public static TheoryData<string> NamesInFolders =>
        [.. Directory.GetFiles(Path.Combine(Fixtures.Root, "recipes"), "*.yaml", SearchOption.AllDirectories)
        .Select(path => Path.GetRelativePath(Path.Combine(Fixtures.Root, "recipes"), path)).Where(name => name.Contains('/'))
        .Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(NamesInFolders))]
    public void Every_recipe_of_a_study_plans_as_from_the_repositorys_root(string name)
    {
        var recipe = RecipeFile.Read(Path.Combine(Fixtures.Root, "recipes", name));
        var plan = RecipePlan.Of(recipe with { Teacher = Path.Combine(Fixtures.Root, recipe.Teacher) });
        Assert.Equal(recipe.Score.Rounds, plan.Stages.Count(stage => stage.Name == "prune"));
        Assert.DoesNotContain(plan.Warnings, warning => warning.Contains("nothing is cut"));
    }

    [Fact]
    public void The_pages_example_is_a_recipe()
    {
        var example = Regex.Match(Page, "```yaml\n(.*?)```", RegexOptions.Singleline).Groups[1].Value;
        var recipe = RecipeFile.Parse(example, "docs/recipe.md");
        Assert.Equal(120, recipe.Correct!.Steps);
        Assert.Equal(489, recipe.Distill!.Steps);
    }

    [Fact]
    public void Every_name_that_a_value_can_have_is_on_the_page()
    {
        string[] names =
        [
            .. Enum.GetValues<ExportKind>().Select(EnumName.Of),
            .. Enum.GetValues<PruneMethod>().Select(EnumName.Of),
            .. Enum.GetValues<DepthChoice>().Select(EnumName.Of),
            .. Enum.GetValues<CorrectWhen>().Select(EnumName.Of),
            .. Enum.GetValues<CorrectMode>().Select(EnumName.Of),
            .. Enum.GetValues<Aggregation>().Select(EnumName.Of),
        ];
        Assert.All(names, name => Assert.Contains($"`{name}`", Page));
    }
}

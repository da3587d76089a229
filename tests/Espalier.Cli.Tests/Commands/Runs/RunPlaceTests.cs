using Espalier.Pipeline.Checks;
using Espalier.Pipeline.Recipes;

namespace Espalier.Cli.Tests.Commands.Runs;

/// <summary>
/// Promise R20 through the program: what lies in a run folder and was not made by the run stays, and is named before any work.
/// </summary>
public sealed class RunPlaceTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly string _recipe, _other;

    public RunPlaceTests()
    {
        var ids = Verb.WriteIds(_folder.Path, "ids.i32", Enumerable.Range(0, 4000).Select(i => i * i % 127));
        (_recipe, _other) = (Write("recipe", 2), Write("other", 1));

        string Write(string name, int steps)
        {
            var path = Of($"{name}.yaml");
            File.WriteAllText(path,
                $"teacher: {Verb.Tiny}\ndata: {{ train: {ids}, held-out: 10%, sequence: 16 }}\nprune: {{ hidden: 32, method: random }}\n"
                + $"distill: {{ steps: {steps}, batch: 2, warm-up: 0 }}\nexport: [hf, gguf-f32]\n");
            return path;
        }
    }

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("student/config.json", false)]
    [InlineData("student/notes", false)]
    [InlineData("student-f32.gguf", false)]
    [InlineData("report.html", false)]
    [InlineData("recipe.yaml", false)]
    [InlineData("results.json", false)]
    [InlineData("stages", false)]
    [InlineData("recipe/student/notes", true)]
    [InlineData("other/student-f32.gguf", true)]
    [InlineData("other", true)]
    public void A_file_that_the_run_did_not_make_is_refused_before_any_work_and_stays(string name, bool arms)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Of("run", name))!);
        File.WriteAllText(Of("run", name), "mine");
        var error = Verb.Refused($"compress {_recipe} {(arms ? _other : "")} --output {Of("run")}");
        Assert.Contains(Of("run", name), error);
        Assert.Equal([name], Files());
        Assert.Equal("mine", File.ReadAllText(Of("run", name)));
    }

    [Fact]
    public void Files_beside_those_of_the_run_stay_and_a_second_recipe_replaces_only_what_the_first_made()
    {
        string[] mine = ["notes.md", "student.tmp-01234567", "report.tmp-12345678", "students/x", "stages/mine.tmp-01234567",
            "other/student-f16.gguf"];
        foreach (var name in mine)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Of("run", name))!);
            File.WriteAllText(Of("run", name), "mine");
        }
        Compress(_recipe);
        Assert.Equal("student student-f32.gguf".Split(' '), Outputs("student"));
        Assert.False(RunPlace.HoldsAnother(Of("run"), RecipeFile.Canonical(RecipeFile.Read(_recipe))));
        Assert.True(RunPlace.HoldsAnother(Of("run"), RecipeFile.Canonical(RecipeFile.Read(_other))));
        Compress(_other);
        // Nothing was left on the way.
        Assert.Equal([".", "other", "stages", "student", "students"],
            Directory.GetDirectories(Of("run")).Select(path => Path.GetFileName(path)!).Prepend(".").Order(StringComparer.Ordinal));
        Assert.All(mine, name => Assert.Equal("mine", File.ReadAllText(Of("run", name))));
    }

    [Theory]
    [InlineData("student/config.json")]
    [InlineData("student/model.safetensors")]
    [InlineData("student-f32.gguf")]
    [InlineData("report.html")]
    public void What_was_changed_since_the_run_wrote_it_is_refused_and_what_is_gone_is_made_again(string name)
    {
        Compress(_recipe);
        var bytes = File.ReadAllBytes(Of("run", name));
        bytes[^1] ^= 1;
        File.WriteAllBytes(Of("run", name), bytes);
        foreach (var recipe in new[] { _recipe, _other })
            Assert.Contains($"{Of("run", name)} was changed since this run wrote it",
                Verb.Refused($"compress {recipe} --output {Of("run")}"));
        Assert.Equal(bytes, File.ReadAllBytes(Of("run", name)));
        File.Delete(Of("run", name));
        Compress(_recipe);
        Assert.True(File.Exists(Of("run", name)));
    }

    [Fact]
    public void A_training_beside_whose_run_lies_a_folder_of_somebody_else_is_refused()
    {
        var line = $"correct {Verb.Tiny} --ids {Of("ids.i32")} --batch 2 --seq 16 --steps 1 --output {Of("out")}";
        Verb.Json(line);
        Verb.Json(line);
        Directory.Delete(Of("out"), recursive: true);
        Directory.CreateDirectory(Of("out"));
        File.WriteAllText(Of("out", "thesis.tex"), "mine");
        Assert.Contains($"{Of("out", "thesis.tex")} was not written by this run", Verb.Refused(line));
        Assert.Equal("mine", File.ReadAllText(Of("out", "thesis.tex")));
        File.Delete(Of("out", "thesis.tex"));
        Verb.Json(line);
    }

    [Fact]
    public void A_cache_is_not_written_among_files_of_somebody_else()
    {
        var line = $"cache {Verb.Tiny} --ids {Of("ids.i32")} --seq 16 --windows 2 --k 4 --output {Of("cache")}";
        Verb.Json(line);
        Verb.Json(line);
        File.WriteAllText(Of("cache", "thesis.tex"), "mine");
        Assert.Contains("thesis.tex", Verb.Refused(line));
        Assert.Equal("mine", File.ReadAllText(Of("cache", "thesis.tex")));
    }

    private void Compress(string recipe) => Verb.Json($"compress {recipe} --output {Of("run")}");

    private string Of(params string[] parts) => Path.Combine([_folder.Path, .. parts]);

    private string[] Files() =>
        [.. Directory.EnumerateFiles(Of("run"), "*", SearchOption.AllDirectories).Select(path => Path.GetRelativePath(Of("run"), path))
            .Order(StringComparer.Ordinal)];

    private string[] Outputs(string prefix) =>
        [.. JsonDocument.Parse(File.ReadAllText(Of("run", "run.json"))).RootElement.GetProperty("outputs").EnumerateArray()
        .Select(output => output.GetProperty("path").GetString()!).Where(path => path.StartsWith(prefix, StringComparison.Ordinal))
        .Order(StringComparer.Ordinal)];
}

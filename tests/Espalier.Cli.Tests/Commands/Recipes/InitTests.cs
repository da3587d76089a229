using Espalier.Pipeline.Options.Training;
using Espalier.Pipeline.Planning;
using Espalier.Pipeline.Recipes;
using Espalier.Tests;

namespace Espalier.Cli.Tests.Commands.Recipes;

/// <summary>A recipe that init writes is legal for any model that is read, and for little text.</summary>
public sealed class InitTests : TorchTest
{
    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string> Families =>
        [.. Directory.GetDirectories(Fixtures.Golden("families")).Select(folder => Path.GetFileName(folder)).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Families))]
    public void Every_family_gets_a_recipe_that_plans(string family)
    {
        var ids = Verb.WriteIds(_folder.Path, "ids.i32", Enumerable.Range(0, 3000).Select(i => i * i % 90));
        var report = Init(Fixtures.Golden("families", family), ids);
        Assert.InRange(report.Kept, 0.3, 0.7);
        var recipe = RecipeFile.Read(At("recipe.yaml"));
        // llama.cpp reads an OLMo-2 or -3 or StarCoder2 whose width was cut in no form, nor a Qwen2 or Qwen3 that has experts in some
        // layers, nor a Nemotron-H whose mixers or a GPT-OSS whose attention has other biases, nor values that are not as wide as keys.
        Assert.Equal(
            family is not ("olmo2" or "olmo3" or "starcoder2" or "qwen2-moe-mixed" or "qwen3-moe-mixed" or "nemotron-h-tied"
                or "gpt-oss-tied"
            or "qwen3-5" or "qwen3-5-tied" or "qwen3-next" or "qwen3-next-mixed"),
            recipe.Export.Contains(ExportKind.GgufQ8));
    }

    [Theory]
    [InlineData("\"num_key_value_heads\": 2", "\"num_key_value_heads\": 8")]
    [InlineData("\"intermediate_size\": 96", "\"intermediate_size\": 101")]
    [InlineData("\"num_hidden_layers\": 6", "\"num_hidden_layers\": 1")]
    [InlineData("\"max_position_embeddings\": 256", "\"max_position_embeddings\": 12")]
    [InlineData("\"tie_word_embeddings\": false", "\"tie_word_embeddings\": true")]
    public void Odd_shapes_get_one_too(string field, string other)
    {
        Directory.CreateDirectory(At("odd"));
        var config = File.ReadAllText(Path.Combine(Verb.Tiny, "config.json"));
        Assert.Contains(field, config);
        File.WriteAllText(At("odd/config.json"), config.Replace(field, other, StringComparison.Ordinal));
        _ = Init(At("odd"), Verb.WriteIds(_folder.Path, "ids.i32", Enumerable.Range(0, 2000).Select(i => i % 127)));
    }

    [Theory]
    [InlineData("\"intermediate_size\": 768", "\"intermediate_size\": 682")]
    [InlineData("\"intermediate_size\": 768", "\"intermediate_size\": 1000")]
    [InlineData("\"hidden_size\": 256", "\"hidden_size\": 1000")]
    public void Plan_warns_of_no_width_that_init_and_cycles_choose(string field, string other)
    {
        Directory.CreateDirectory(At("odd"));
        var config = File.ReadAllText(Path.Combine(Verb.Teacher, "config.json"));
        Assert.Contains(field, config);
        File.WriteAllText(At("odd/config.json"), config.Replace(field, other, StringComparison.Ordinal));
        _ = Init(At("odd"), Verb.WriteIds(_folder.Path, "ids.i32", Enumerable.Range(0, 9000).Select(i => i % 4000)));
        var plan = RecipePlan.Of(RecipeFile.Read(At("recipe.yaml")));
        Assert.True(plan.Stages.Max(stage => stage.Cycle) > 1);
        Assert.DoesNotContain(plan.Warnings, warning => warning.Contains("is not a multiple of", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(40)]
    [InlineData(400)]
    [InlineData(20_000)]
    public void Windows_samples_and_batch_fit_the_text(int ids)
    {
        _ = Init(Verb.Tiny, Verb.WriteIds(_folder.Path, "ids.i32", Enumerable.Range(0, ids).Select(i => i * i % 127)));
        var recipe = RecipeFile.Read(At("recipe.yaml"));
        Assert.InRange(recipe.Data.Sequence, 8, 256);
        Assert.True((recipe.Data.Sequence + 1L) * recipe.Score.Samples <= ids);
        Assert.True((recipe.Data.Sequence + 1L) * recipe.Distill!.Batch <= ids);
    }

    [Fact]
    public void Little_text_is_said_by_what_the_recipe_would_take_of_more()
    {
        string Warning(int ids)
        {
            var file = Verb.WriteIds(_folder.Path, $"{ids}.i32", Enumerable.Range(0, ids).Select(i => i * i % 127));
            var (code, _, error) = TestCommand.LaunchWith("init", Verb.Tiny, file, "--output", At($"{ids}.yaml"));
            Assert.True(code == 0, error);
            Assert.Equal(error.Contains("little text", StringComparison.Ordinal),
                File.ReadAllText(At($"{ids}.yaml")).Contains("# Little text: ", StringComparison.Ordinal));
            return error;
        }
        var little = Warning(200);
        Assert.Contains("windows of 8 tokens to train on, each seen ", little, StringComparison.Ordinal);
        Assert.Contains("samples for scoring instead of 256", little, StringComparison.Ordinal);
        Assert.Contains("give at least 64 of 256 tokens: about 16.4k tokens, or 64.3 KiB of text", little, StringComparison.Ordinal);
        Assert.DoesNotContain("little text", Warning(40_000), StringComparison.Ordinal);
    }

    [Fact]
    public void A_single_record_cannot_be_cut_and_what_to_do_is_said()
    {
        File.WriteAllText(At("one.jsonl"), $"{{\"text\": \"{string.Join(' ', Enumerable.Range(0, 300))}\"}}\n");
        var (code, _, error) = TestCommand.LaunchWith("init", Verb.Teacher, At("one.jsonl"), "--output", At("recipe.yaml"));
        Assert.Equal(2, code);
        Assert.Contains("too short to train on some documents and hold out others; give more text (each record is one document)",
            error);
    }

    [Theory]
    [InlineData("one.txt")]
    [InlineData("one.raw")]
    [InlineData("one.cs")]
    public void A_short_text_of_one_piece_is_cut_so_that_some_is_held_out(string name)
    {
        // Names that YAML would take for something else.
        Directory.CreateDirectory(At("odd: names, #1"));
        var text = At($"odd: names, #1/{name}");
        File.WriteAllText(text, string.Join('\n', Enumerable.Range(0, 60).Select(i => $"Line {i} of a text.{(i % 3 == 0 ? "\n" : "")}")));
        var (code, _, error) = TestCommand.LaunchWith("init", Verb.Teacher, text, "--output", At("recipe.yaml"));
        Assert.True(code == 0, error);
        Assert.Contains("document-bytes=", File.ReadAllText(At("recipe.yaml")));
        Assert.Contains("# document-bytes splits a text into documents of about this many bytes", File.ReadAllText(At("recipe.yaml")));
        Planned();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void A_recipe_is_whole_or_not_there(int act)
    {
        var ids = At("ids.i32");
        File.WriteAllBytes(ids, [.. Enumerable.Range(0, 3000).SelectMany(i => BitConverter.GetBytes(i % 100))]);
        var there = Directory.GetFileSystemEntries(_folder.Path);
        var (code, _, error) = new FaultyLayer(act,
            Fault.Full).During(() => TestCommand.Launch($"init {Verb.Tiny} {ids} --output {At("recipe.yaml")}"));
        Assert.Equal(1, code);
        Assert.Contains("recipe.yaml: the disk is full", error, StringComparison.Ordinal);
        Assert.Equal(there, Directory.GetFileSystemEntries(_folder.Path));
    }

    [Fact]
    public void What_init_writes_is_run_to_the_end()
    {
        var teacher = Verb.Copy(Verb.Tiny, At("teacher"));
        // Short positions, for every model's speed is measured over them.
        File.WriteAllText(At("teacher/config.json"),
            File.ReadAllText(At("teacher/config.json"))
                .Replace("\"max_position_embeddings\": 256", "\"max_position_embeddings\": 32", StringComparison.Ordinal));
        _ = Init(teacher, Verb.WriteIds(_folder.Path, "ids.i32", Enumerable.Range(0, 300).Select(i => i * i % 127)));
        var result = Verb.Json($"compress {At("recipe.yaml")} --output {At("run")} --threads 1");
        Assert.True(File.Exists(Path.Combine(result.GetProperty("students")[0].GetString()!, "model.safetensors")));
        Assert.True(File.Exists(At("run/student-q8_0.gguf")));
    }

    [Fact]
    public void What_stands_in_the_recipe_is_true_of_every_cycle_and_what_is_switched_off_can_be_switched_on()
    {
        _ = Init(Verb.Teacher, Path.Combine(Verb.Teacher, "self-written.jsonl"));
        var text = File.ReadAllText(At("recipe.yaml"));
        var cycles = RecipePlan.Of(RecipeFile.Read(At("recipe.yaml"))).Stages.Max(stage => stage.Cycle ?? 1);
        Assert.True(cycles > 1);
        Assert.Contains($"passes over the text in each of the {cycles} cycles:", text, StringComparison.Ordinal);
        var corrected = RecipeFile.Parse(text.Replace("# correct:", "correct:", StringComparison.Ordinal)
            .Replace("evaluate-every:", "early-stopping: 2, evaluate-every:", StringComparison.Ordinal), "r.yaml");
        Assert.Equal((CorrectWhen.Auto, 2), (corrected.Correction.When, corrected.Distill!.EarlyStopping));
        _ = RecipePlan.Of(corrected);
    }

    [Fact]
    public void An_existing_file_is_not_overwritten()
    {
        File.WriteAllText(At("recipe.yaml"), "mine");
        var ids = Verb.WriteIds(_folder.Path, "ids.i32", Enumerable.Range(0, 300).Select(i => i % 127));
        Assert.Contains("already exists; give another file", Verb.Refused($"init {Verb.Tiny} {ids} --output {At("recipe.yaml")}"));
        Assert.Equal("mine", File.ReadAllText(At("recipe.yaml")));
    }

    [Theory]
    [InlineData("TEACHER AT/gone.txt", "gone.txt")]
    [InlineData("AT/gone AT/ids.i32", "gone: not found")]
    [InlineData("MODEL AT/few.i32", "at least one to train on and one held out are needed")]
    [InlineData("MODEL AT/text.txt", "tokenizer.json")]
    public void What_cannot_be_begun_with_is_refused_and_nothing_is_written(string arguments, string says)
    {
        Verb.WriteIds(_folder.Path, "ids.i32", Enumerable.Range(0, 300).Select(i => i % 127));
        Verb.WriteIds(_folder.Path, "few.i32", [1, 2, 3]);
        File.WriteAllText(At("text.txt"), "A few words.");
        Assert.Contains(says,
            Verb.Refused(
                $"init {arguments.Replace("MODEL", Verb.Tiny, StringComparison.Ordinal).Replace("TEACHER", Verb.Teacher, StringComparison.Ordinal).Replace("AT", _folder.Path, StringComparison.Ordinal)} --output {At("recipe.yaml")}"));
        Assert.False(File.Exists(At("recipe.yaml")));
    }

    public override void Dispose()
    {
        _folder.Dispose();
        base.Dispose();
    }

    private string At(string name) => Path.Combine(_folder.Path, name);

    private (double Kept, string Output) Init(string model, string text)
    {
        var report = Verb.Json($"init {model} {text} --output {At("recipe.yaml")}");
        Planned();
        return (report.GetProperty("non_embedding_kept").GetDouble(), report.GetProperty("output").GetString()!);
    }

    private void Planned()
    {
        var (code, _, error) = TestCommand.Launch($"plan {At("recipe.yaml")} --no-calibration");
        Assert.True(code == 0, error);
    }
}

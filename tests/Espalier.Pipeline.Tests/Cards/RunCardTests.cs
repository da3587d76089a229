using Espalier.Compression.Evaluation;
using Espalier.Pipeline.Cards;
using Espalier.Pipeline.Recipes;
using Espalier.Pipeline.Runs;
using Espalier.Pipeline.Runs.Results;

namespace Espalier.Tests.Cards;

/// <summary>The card of a real, small run against the run's own records.</summary>
public sealed class RunCardTests(RunCardTests.SmallRun run) : IClassFixture<RunCardTests.SmallRun>
{
    private string Card => File.ReadAllText(Path.Combine(run.Result.Student, "README.md"));

    [Fact]
    public void Its_head_is_yaml_with_the_fields_of_the_hub()
    {
        var head = (YamlMap)YamlTree.Parse(Card.Split("\n---\n")[0][4..], "card", new("card", "fields"));
        var fields = head.Entries.ToDictionary(entry => entry.Key.Text, entry => entry.Value);
        Assert.Equal("apache-2.0", ((YamlText)fields["license"]).Text);
        Assert.Equal("transformers", ((YamlText)fields["library_name"]).Text);
        Assert.Equal("text-generation", ((YamlText)fields["pipeline_tag"]).Text);
        Assert.Equal(["espalier", "llama", "pruned", "knowledge-distillation", "sft", "gguf"],
            ((YamlList)fields["tags"]).Items.Select(item => ((YamlText)item).Text));
        Assert.DoesNotContain("base_model", fields.Keys);
    }

    [Fact]
    public void Sizes_are_those_of_both_configs()
    {
        JsonNode Config(string folder) => JsonNode.Parse(File.ReadAllText(Path.Combine(folder, "config.json")))!;
        var (teacher, student) = (Config(SmallRun.Teacher), Config(run.Result.Student));
        var rows = Tables.Of(Card, "What was cut")[0];
        string[] fields = ["hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads", "num_key_value_heads", "vocab_size",
            "max_position_embeddings"];
        foreach (var field in fields)
        {
            var row = rows.Single(row => row[0] == field.Replace("_", "\\_", StringComparison.Ordinal));
            Assert.Equal(((long)teacher[field]!, (long)student[field]!), (Tables.Whole(row[1]), Tables.Whole(row[2])));
        }
        var parameters = rows.Single(row => row[0] == "parameters");
        Assert.Equal(run.Result.Rows[^1].Parameters, Tables.Whole(parameters[2]));
        Assert.Equal(100.0 * run.Result.Rows[^1].Parameters / run.Result.Rows[0].Parameters,
            double.Parse(parameters[3].Split(' ')[0], CultureInfo.InvariantCulture), 0.05);
    }

    [Fact]
    public void Hashes_are_those_of_the_folders_and_files()
    {
        var rows = Tables.Of(Card, "Lineage")[0];
        string Hash(string what) => rows.Last(row => row[0].Trim('`') == what)[3].Trim('`');
        Assert.Equal(ContentHash.OfFolder(SmallRun.Teacher), Hash("teacher"));
        Assert.Equal(ContentHash.OfFile(run.Result.Gguf[0]), Hash(Path.GetFileName(run.Result.Gguf[0])));
        using var copy = new TemporaryFolder();
        foreach (var file in Directory.GetFiles(run.Result.Student).Where(file => Path.GetFileName(file) != "README.md"))
            File.Copy(file, copy.Of(Path.GetFileName(file)));
        Assert.Equal(ContentHash.OfFolder(copy.Path), Hash("this folder"));
        foreach (var stage in RunManifest.Load(run.Folder)!.Stages.Where(stage => stage.Name is "data" or "score" or "prune" or "distill"))
            Assert.Equal((stage.OutputHash, $"`{stage.Folder}`"), (Hash(stage.Name), rows.Single(row => row[0] == stage.Name)[1]));
        Assert.Contains($"`{ContentHash.OfText($"text.jsonl {ContentHash.OfFile(run.Text)}\n")}`", Tables.Of(Card, "Text")[0].Single(row => row[0].StartsWith("`data-",
            StringComparison.Ordinal)));
    }

    [Fact]
    public void Losses_and_intervals_are_those_of_the_results()
    {
        var rows = Tables.Of(Card, "Evaluation")[0];
        var recorded = RunResults.Read(run.Folder)[0].Rows;
        Assert.Equal(recorded.Count, rows.Length);
        foreach (var (row, model) in rows.Zip(recorded))
        {
            var on = Assert.Single(model.Evaluations);
            Assert.Equal(model.Model == "student" ? "**this model**" : model.Model, row[0]);
            Assert.Equal((model.Parameters, on.Tokens), (Tables.Whole(row[1]), Tables.Whole(row[3])));
            Assert.Equal(on.Nll, Tables.Number(row[4]), 6e-5);
            var ends = row[5].Split(" to ");
            var half = StudentT.TwoSidedQuantile(0.95, on.Windows!.Value - 1) * on.NllStandardError;
            Assert.Equal(on.Nll - half, Tables.Number(ends[0]), 6e-5);
            Assert.Equal(on.Nll + half, Tables.Number(ends[1]), 6e-5);
            Assert.Equal(Math.Exp(on.Nll), Tables.Number(row[6]), 0.006);
            Assert.Equal(on.BitsPerByte!.Value, Tables.Number(row[7]), 6e-5);
        }
    }

    [Fact]
    public void Steps_and_tokens_are_those_of_the_logs()
    {
        foreach (var row in Tables.Of(Card, "Training")[0])
        {
            var folder = Path.Combine(run.Folder, "stages", row[0].Trim('`'));
            var last = File.ReadLines(Path.Combine(folder, "metrics.jsonl")).Select(line => JsonNode.Parse(line)!)
                .Last(line => line["tokens"] is not null);
            Assert.Equal(((long)last["step"]!, (long)last["tokens"]!), (Tables.Whole(row[2]), Tables.Whole(row[5])));
        }
        Assert.Equal(2, Tables.Of(Card, "Training")[0].Length);
        var aligned = RunResults.Read(run.Folder)[0].Aligned![0];
        var cells = Tables.Of(Card, "Evaluation")[^1].Single();
        Assert.Equal((aligned.Conversations, $"{CardPage.Nats(aligned.After!.Loss)} ± {CardPage.Nats(aligned.After.LossSe)}"),
            (Tables.Whole(cells[2]), cells[5]));
    }

    [Fact]
    public void Numbers_are_decimals_and_switches_have_no_quotes()
    {
        Assert.DoesNotMatch("[0-9]E-[0-9]", Card);
        Assert.Contains("\"activation-checkpointing\": false", Card, StringComparison.Ordinal);
        Assert.Equal("0.00005", CardPage.Decimal("5E-05"));
        Assert.Equal("auto", CardPage.Decimal("auto"));
    }

    [Fact]
    public void A_model_that_was_cut_and_not_trained_is_known_by_its_stage_or_its_card()
    {
        var pruned = Path.Combine(Directory.GetDirectories(Path.Combine(run.Folder, "stages"), "prune-*").Single(), "model");
        Assert.True(UntaughtStudent.Is(pruned));
        Assert.False(UntaughtStudent.Is(run.Result.Student));
        Assert.False(UntaughtStudent.Is(SmallRun.Teacher));
        using var copy = new TemporaryFolder();
        File.WriteAllText(copy.Of("README.md"), SealedText.Seal($"- {CardUse.NotTrained}\n"));
        Assert.True(UntaughtStudent.Is(copy.Path));
    }

    [Fact]
    public void Its_recipe_is_the_one_that_ran()
    {
        var block = Card.Split("```json\n")[1].Split("\n```")[0];
        Assert.Equal(RecipeFile.Canonical(RecipeFile.Read(run.Recipe)), RecipeFile.Canonical(RecipeFile.Parse(block, "card")));
    }

    [Fact]
    public void The_same_run_again_has_the_same_card_and_one_of_somebodys_own_stays()
    {
        var page = Path.Combine(run.Result.Student, "README.md");
        var (card, written) = (File.ReadAllText(page), File.GetLastWriteTimeUtc(page));
        run.Again();
        Assert.Equal((card, written), (File.ReadAllText(page), File.GetLastWriteTimeUtc(page)));

        File.Delete(page);
        Assert.All(run.Again().Stages.Where(stage => stage.Stage == "export"), stage => Assert.True(stage.Reused));
        Assert.Equal(card, File.ReadAllText(page));

        File.WriteAllText(page, card + "\nMy own remark.\n");
        Assert.All(run.Again().Stages.Where(stage => stage.Stage == "export"), stage => Assert.True(stage.Reused));
        Assert.EndsWith("My own remark.\n", File.ReadAllText(page), StringComparison.Ordinal);

        // Written again because a file is gone; the page is carried over.
        File.Delete(run.Result.Gguf[0]);
        Assert.Contains(run.Again().Stages, stage => stage is { Stage: "export", Reused: false });
        Assert.EndsWith("My own remark.\n", File.ReadAllText(page), StringComparison.Ordinal);
        File.Delete(page);
        run.Again();
        Assert.Equal(card, File.ReadAllText(page));
    }

    /// <summary>One run for all: width and depth cut, distilled, aligned, as Hugging Face folder and GGUF.</summary>
    public sealed class SmallRun : IDisposable
    {
        private readonly TemporaryFolder _root = new();

        public SmallRun()
        {
            TorchRuntime.Start(threads: 2);
            File.WriteAllLines(Text, File.ReadLines(Path.Combine(Teacher, "self-written.jsonl")).Take(40));
            File.WriteAllText(Recipe, $$"""
                teacher: {{Teacher}}
                data: { train: {{Text}}, held-out: 10%, sequence: 32 }
                score: { samples: 4 }
                prune: { ffn: 384, layers: 7 }
                distill: { steps: 2, batch: 2 }
                align: { method: sft, data: {{Path.Combine(Fixtures.Root, "samples", "letters.jsonl")}}, steps: 2, batch: 2, sequence: 64 }
                evaluate: [held-out]
                export: [hf, gguf-q8_0]
                """);
            Result = RecipeRun.Run(Recipe, Folder);
        }

        internal static string Teacher => Path.Combine(Fixtures.Root, "models", "quickstart-teacher");

        internal string Folder => _root.Of("run");

        internal string Text => _root.Of("text.jsonl");

        internal string Recipe => _root.Of("small.yaml");

        internal CompressResult Result { get; }

        internal CompressResult Again() => RecipeRun.Run(Recipe, Folder);

        public void Dispose() => _root.Dispose();
    }
}

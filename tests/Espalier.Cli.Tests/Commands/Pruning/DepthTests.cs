using Espalier.Tests;

namespace Espalier.Cli.Tests.Commands.Pruning;

public sealed class DepthTests : TorchTest
{
    private readonly TemporaryFolder _folder = new();

    public override void Dispose()
    {
        _folder.Dispose();
        base.Dispose();
    }

    [Fact]
    public void Scores_are_those_of_the_reference_for_single_layers_and_spans()
    {
        // Windows of 31 inputs and 31 targets are the 32 ids of each sample.
        using var golden = new GoldenTensors(Fixtures.Golden("pruning", "calibration.safetensors"));
        var ids = Verb.WriteIds(_folder.Path, "calibration.i32", golden.Longs("input_ids").Select(id => (int)id));
        var result = Verb.Json($"depth {Verb.Tiny} --ids {ids} --samples 16 --seq 31 --drop 2 --metrics lm-loss --threads 1");
        using var scores = new GoldenTensors(Fixtures.Golden("pruning", "scores.safetensors"));
        var loss = result.GetProperty("metrics").GetProperty("lm-loss");
        GoldenTensors.AssertClose(scores.Doubles("lm_loss.full"), [loss.GetProperty("whole").GetDouble()], 0, 1e-5, "whole");
        GoldenTensors.AssertClose(scores.Doubles("lm_loss.drop.1"), Numbers(loss.GetProperty("singles")), 0, 1e-5, "singles");
        GoldenTensors.AssertClose(scores.Doubles("lm_loss.drop.2"), Numbers(loss.GetProperty("spans").GetProperty("2")), 0, 1e-5, "spans");
        // The figure of the golden folder: the span with the least loss is 2 and 3.
        Assert.Equal([2.0, 3.0], Numbers(result.GetProperty("chosen").GetProperty("lm-loss").GetProperty("contiguous")));
    }

    [Fact]
    public void The_table_and_the_picture_have_every_metric()
    {
        var picture = Path.Combine(_folder.Path, "depth.html");
        var output = Path.Combine(_folder.Path, "depth.json");
        var (code, text, error) =
            TestCommand.Launch(
                $"depth {Verb.Tiny} {GoldenCalibration.Arguments(_folder.Path)} --drop 2 --picture {picture} --output {output} --threads "
                    + $"1");
        Assert.True(code == 0, error);
        var page = File.ReadAllText(picture);
        foreach (var name in new[] { "block-influence", "angular", "lm-loss", "logit-mse" })
        {
            Assert.Contains(name, text);
            Assert.Contains($"<title>{name}</title>", page);
        }
        Assert.Contains("perplexity", text);
        Assert.Contains("rank correlation", text);
        Assert.Contains("Agreement of the metrics", page);
        // Well-formed, and nothing from elsewhere.
        _ = System.Xml.Linq.XDocument.Parse(page[page.IndexOf("<html", StringComparison.Ordinal)..]);
        Assert.DoesNotContain("http", page.Replace("http-equiv", "", StringComparison.Ordinal));
        Assert.Equal(4, JsonDocument.Parse(File.ReadAllText(output)).RootElement.GetProperty("metrics").EnumerateObject().Count());
    }

    [Fact]
    public void A_task_is_scored_with_its_accuracy_and_needs_no_text()
    {
        var task = Path.Combine(_folder.Path, "task.jsonl");
        File.WriteAllText(task, """
            {"context": "Once upon a time there was a little", "choices": ["girl", "of"], "answer": 0}
            {"context": "The dog ran into the", "choices": ["was", "house"], "answer": 1}
            """);
        var result = Verb.Json($"depth {Verb.Teacher} --metrics task --task {task} --threads 1");
        var scores = result.GetProperty("metrics").GetProperty("task");
        Assert.Equal(8, scores.GetProperty("singles").GetArrayLength());
        Assert.Equal(8, scores.GetProperty("accuracy").GetProperty("singles").GetArrayLength());
        Assert.Equal(1, scores.GetProperty("accuracy").GetProperty("whole").GetDouble());
        Assert.InRange(scores.GetProperty("whole").GetDouble(), 0, Math.Log(2));
    }

    [Fact]
    public void A_benchmark_of_choices_is_a_task_and_one_that_a_model_writes_to_is_none()
    {
        var endings = Path.Combine(Fixtures.Root, "tasks", "endings");
        File.WriteAllText(Path.Combine(_folder.Path, "few.yaml"), $$"""
            test: { files: {{endings}}/endings.jsonl, documents: 1-4 }
            prompt: "{context}"
            choices: "{choices}"
            answer: "{answer}"
            """);
        var scores = Verb.Json($"depth {Verb.Teacher} --metrics task --task {_folder.Path}/few.yaml --threads 1").GetProperty("metrics")
            .GetProperty("task");
        File.WriteAllLines(Path.Combine(_folder.Path, "few.jsonl"), File.ReadLines(Path.Combine(endings, "endings.jsonl")).Take(4));
        var items = Verb.Json($"depth {Verb.Teacher} --metrics task --task {_folder.Path}/few.jsonl --threads 1").GetProperty("metrics")
            .GetProperty("task");
        Assert.Equal(items.ToString(), scores.ToString());
        Assert.Contains("layers are judged by the likeliest choice:",
            Verb.Refused($"depth {Verb.Teacher} --metrics task --task {endings}/continuations.yaml --threads 1"));
        Assert.Contains("Did you mean arc_easy?", Verb.Refused($"depth {Verb.Teacher} --metrics task --task arc_eazy"));
    }

    [Theory]
    [InlineData("--ids 1,2,3,4 --seq 3 --samples 1 --drop 6", "--drop is 6, but the model has 6 layers: drop 1 to 5")]
    [InlineData("--ids 1,2,3,4 --seq 3 --samples 1 --spans 2,6", "--spans has 6, but the model has 6 layers")]
    [InlineData("--ids 1,2,3,4 --seq 3 --samples 1 --spans two", "--spans: two is not a whole number from 1; give something like 2,4")]
    [InlineData("--ids 1,2,3,4 --seq 3 --samples 1 --metrics lm-los", "Did you mean lm-loss?")]
    [InlineData("--ids 1,2,3,4 --seq 3 --samples 1 --metrics task", "--task FILE.jsonl")]
    [InlineData("--ids 1,2,3,4 --seq 3 --samples 1 --metrics lm-loss --task x", "add task to the metrics")]
    [InlineData("--ids 1,2,3,4 --seq 3 --samples 1 --task not-there.jsonl", "not-there.jsonl: not found")]
    [InlineData("--ids 1,2,3,4 --seq 3", "give --samples 1")]
    [InlineData("--ids 1,2,3,4 --seq 99999", "positions")]
    [InlineData("", "--ids")]
    public void Wrong_input_is_one_line(string arguments, string named) =>
        Assert.Contains(named, Verb.Refused($"depth {Verb.Tiny} {arguments}"));

    [Fact]
    public void Scores_are_never_written_over_a_model()
    {
        var model = Verb.Copy(Verb.Tiny, Path.Combine(_folder.Path, "model"));
        Assert.Contains("inside", Verb.Refused($"depth {model} --ids 1,2,3 --output {model}/config.json"));
        Assert.Contains("inside", Verb.Refused($"depth {model} --ids 1,2,3 --picture {model}/config.json"));
    }

    [Theory]
    [InlineData("score: { samples: 8, depth: lm-loss, depth-samples: 8 }\nprune: { layers: 4, depth: greedy }", "lm-loss", "greedy")]
    [InlineData("score: { samples: 8, depth: logit-mse, depth-samples: 8 }\nprune: { layers: 4 }", "logit-mse", "contiguous")]
    [InlineData("score: { samples: 8, depth: angular, depth-samples: 8 }\nprune: { layers: 4, depth: scattered }", "angular", "scattered")]
    [InlineData("score: { samples: 8, depth-samples: 8 }\nprune: { layers: 4, depth: greedy }", "block-influence", "greedy")]
    public void A_recipe_drops_the_layers_that_its_metric_chooses(string lines, string metric, string choice)
    {
        var ids = Verb.WriteIds(_folder.Path, "ids.i32", Enumerable.Range(0, 4000).Select(i => i * i % 127));
        var run = Path.Combine(_folder.Path, "run");
        var recipe = Recipe(ids, lines);
        var result = Verb.Json($"compress {recipe} --output {run} --threads 1");
        Assert.Contains(result.GetProperty("stages").EnumerateArray(), stage => stage.GetProperty("stage").GetString() == "depth");
        var plan =
            JsonDocument.Parse(
                File.ReadAllText(Directory.GetFiles(Path.Combine(run, "stages"), "plan.json", SearchOption.AllDirectories)
                    .Single())).RootElement;
        Assert.EndsWith($"layers by {metric}, {choice}", plan.GetProperty("method").GetString());

        // By hand, on the same windows: those of the training part.
        var train = Verb.WriteIds(_folder.Path, "train.i32", Enumerable.Range(0, 8 * 33).Select(i => i * i % 127));
        var scores = Verb.Json($"depth {Verb.Tiny} --ids {train} --metrics {metric} --samples 8 --seq 32 --drop 2 --threads 1");
        var gone = Numbers(scores.GetProperty("chosen").GetProperty(metric).GetProperty(choice));
        Assert.Equal(Enumerable.Range(0, 6).Select(layer => (double)layer).Except(gone), Numbers(plan.GetProperty("layers")));
    }

    [Fact]
    public void Without_another_metric_or_dropped_layers_there_is_no_depth_stage()
    {
        var ids = Verb.WriteIds(_folder.Path, "ids.i32", Enumerable.Range(0, 4000).Select(i => i * i % 127));
        foreach (var lines in new[] { "score: { samples: 8 }\nprune: { layers: 4 }",
            "score: { samples: 8, depth: lm-loss }\nprune: { hidden: 32, depth: greedy }" })
        {
            var plan = Verb.Json($"plan {Recipe(ids, lines)}");
            Assert.DoesNotContain(plan.GetProperty("stages").EnumerateArray(), stage => stage.GetProperty("name").GetString() == "depth");
        }
        var asked = Verb.Json($"plan {Recipe(ids, "score: { samples: 8, depth: lm-loss }\nprune: { layers: 4, depth: greedy }")}");
        var depth = asked.GetProperty("stages").EnumerateArray().Single(stage => stage.GetProperty("name").GetString() == "depth");
        // Round one: the model and six without a layer; round two: five layers and five without another. 64 samples of 32.
        Assert.Equal((1 + 6 + 1 + 5) * 64 * 32, depth.GetProperty("tokens").GetInt64());
    }

    [Theory]
    [InlineData("score: { depth: task }\nprune: { layers: 4 }", "score.task is missing")]
    [InlineData("score: { task: a.jsonl }\nprune: { layers: 4 }", "it is for depth: task")]
    [InlineData("score: { samples: 8, depth: lm-loss, depth-samples: 100000 }\nprune: { layers: 4 }", "give more text, or use fewer")]
    [InlineData("score: { depth: lmloss }\nprune: { layers: 4 }", "Did you mean lm-loss?")]
    public void A_recipe_whose_scan_cannot_work_is_refused_before_anything_is_done(string lines, string message)
    {
        var ids = Verb.WriteIds(_folder.Path, "ids.i32", Enumerable.Range(0, 4000).Select(i => i * i % 127));
        Assert.Contains(message, Verb.Refused($"compress {Recipe(ids, lines)} --output {Path.Combine(_folder.Path, "run")}"));
        Assert.False(Path.Exists(Path.Combine(_folder.Path, "run")));
    }

    private string Recipe(string ids, string lines)
    {
        var recipe = Path.Combine(_folder.Path, "recipe.yaml");
        File.WriteAllText(recipe, $"teacher: {Verb.Tiny}\ndata: {{ train: {ids}, held-out: 10%, sequence: 32 }}\n{lines}\n");
        return recipe;
    }

    private static double[] Numbers(JsonElement list) => [.. list.EnumerateArray().Select(value => value.GetDouble())];
}

using Espalier.Tests;

namespace Espalier.Cli.Tests.Commands.Training;

/// <summary>distill, correct, pretrain and compress, in this process, on the tiny golden models.</summary>
public sealed class TrainingCommandTests : TorchTest
{
    private readonly TemporaryFolder _folder = new();
    private readonly string _ids;

    public TrainingCommandTests() =>
        _ids = Verb.WriteIds(_folder.Path, "ids.i32", Enumerable.Range(0, 4000).Select(i => i * i % 127));

    [Fact]
    public void Distill_prints_the_rows_and_goes_on_from_what_was_done()
    {
        var output = Path.Combine(_folder.Path, "student");
        var line =
            $"distill {Fixtures.Golden("pruning", "width")} --teacher {Verb.Tiny} --ids {_ids} --order sequential --batch 4 --seq 32 "
                + $"--steps 6 --warmup 2 --held-out 10% --output {output}";
        var first = Verb.Json(line);
        Verb.HasFields(first, "output metrics steps final_loss rows");
        Assert.Equal(6, first.GetProperty("steps").GetInt64());
        Assert.Equal(3, first.GetProperty("rows").GetArrayLength());
        Verb.HasFields(first.GetProperty("rows")[2].GetProperty("evaluations")[0], "set nll nll_se perplexity tokens");
        Assert.True(File.Exists(Path.Combine(output, "model.safetensors")));

        var written = File.GetLastWriteTimeUtc(Path.Combine(output, "model.safetensors"));
        Assert.Equal(first.GetProperty("final_loss").GetDouble(), Verb.Json(line).GetProperty("final_loss").GetDouble());
        Assert.Equal(written, File.GetLastWriteTimeUtc(Path.Combine(output, "model.safetensors")));
    }

    [Fact]
    public void Early_stopping_ends_with_the_best_weights()
    {
        // A rate at which the held-out loss soon rises.
        var line =
            $"correct {Verb.Tiny} --ids {_ids} --order sequential --batch 4 --seq 32 --steps 60 --lr 3e-2 --warmup 0 --schedule constant "
                + $"--held-out 10% --evaluate-every 2 --early-stopping 2";
        var output = Path.Combine(_folder.Path, "stopped");
        var report = Verb.Json($"{line} --output {output}");
        var steps = report.GetProperty("steps").GetInt64();
        Assert.True(steps < 60, $"{steps} steps");

        var lines = File.ReadLines(report.GetProperty("metrics").GetString()!).Select(text => JsonDocument.Parse(text).RootElement)
            .ToArray();
        var losses = lines.Where(entry => entry.TryGetProperty("held_out_nll", out _))
            .Select(entry => (Step: entry.GetProperty("step").GetInt64(), Nll: entry.GetProperty("held_out_nll").GetDouble())).ToArray();
        var best = losses.MinBy(loss => loss.Nll);
        Assert.Equal(steps, best.Step + 4);
        Assert.Equal(best.Nll, report.GetProperty("rows")[1].GetProperty("evaluations")[0].GetProperty("nll").GetDouble(), 1e-6);
        Assert.Contains(lines, entry => entry.TryGetProperty("update_ratio", out var ratio) && ratio.GetDouble() > 0);

        // What timing depends on the clock is in the other log.
        var timing =
            JsonDocument.Parse(
                File.ReadLines(Path.Combine(Path.GetDirectoryName(report.GetProperty("metrics").GetString()!)!, "timing.jsonl"))
                    .First()).RootElement;
        Verb.HasFields(timing, "step seconds tokens_per_second resident_bytes mfu");
        Assert.InRange(timing.GetProperty("mfu").GetDouble(), 1e-9, 10);
    }

    [Fact]
    public void Accumulated_micro_batches_give_the_whole_batchs_model()
    {
        double Loss(string name, string more) => Verb.Json(
            $"correct {Verb.Tiny} --ids {_ids} --order sequential --batch 4 --seq 32 --steps 5 --output {Path.Combine(_folder.Path, name)} "
                + $"{more}").GetProperty("final_loss").GetDouble();
        Assert.Equal(Loss("whole", ""), Loss("parts", "--micro-batch 2"), 1e-5);
    }

    [Fact]
    public void Compute_is_called_as_element_types_are_too()
    {
        double Loss(string name, string compute) => Verb.Json(
            $"correct {Verb.Tiny} --ids {_ids} --batch 4 --seq 32 --steps 2 --compute {compute} --output "
                + $"{Path.Combine(_folder.Path, name)}").GetProperty("final_loss").GetDouble();
        Assert.Equal(Loss("long", "bfloat16"), Loss("short", "bf16"));
        Assert.NotEqual(Loss("again", "bf16"), Loss("f32", "f32"));
    }

    [Fact]
    public void Pretrain_starts_from_weights_that_the_seed_alone_gives()
    {
        double Loss(string name, int seed)
        {
            var report = Verb.Json($"pretrain {Verb.Tiny} --ids {_ids} --batch 4 --seq 32 --steps 2 --seed {seed} "
                + $"--output {Path.Combine(_folder.Path, name)}");
            // Nothing was pruned.
            Assert.Equal(["start", "result"], report.GetProperty("rows").EnumerateArray().Select(row => row.GetProperty("model").GetString()));
            return report.GetProperty("final_loss").GetDouble();
        }
        Assert.Equal(Loss("a", 1), Loss("b", 1));
        Assert.NotEqual(Loss("c", 1), Loss("d", 2));
    }

    [Theory]
    [InlineData("--ids 1,2,300", "outside the vocabulary of 128")]
    [InlineData("--ids 1,2,3", "fewer than one window")]
    [InlineData("--ids IDS --seq 32 --batch 500", "batch is 500 windows, but the data has 121")]
    [InlineData("--ids IDS --steps 3 --lr -1", "learning-rate is -1")]
    [InlineData("--ids IDS --steps 3 --lr 1e38", "learning-rate is 1E+38; it must be at least 0 and at most 1e20")]
    [InlineData("--ids IDS --schedule cosin", "Did you mean cosine?")]
    [InlineData("--ids IDS --schedule constant --min-lr 1e-4", "--min-learning-rate is 1e-4; a constant schedule has no final rate;")]
    [InlineData("--ids IDS --decay-steps 3", "--decay-steps is 3; it is for schedule: wsd")]
    [InlineData("--ids IDS --steps 20 --schedule wsd --decay-steps 11",
        "--decay-steps is 11; only 10 of the 20 steps come after the warm-up")]
    [InlineData("--ids IDS --freeze mlp,hed", "Did you mean head?")]
    [InlineData("--ids IDS --layer-decay 0", "--layer-decay is 0; it must be a number above 0 and at most 1")]
    [InlineData("--ids IDS --compute bfloat", "Did you mean bfloat16?")]
    [InlineData("--ids IDS --documents separat", "Did you mean separate?")]
    [InlineData("--ids IDS --early-stopping 2", "--early-stopping is 2; it needs evaluations")]
    [InlineData("--ids IDS --early-stopping 2 --evaluate-every 1", "early-stopping is 2 and needs a held-out loss, but nothing is held")]
    [InlineData("--ids IDS --lora-rank 2 --lora-targets mamba", "lora-targets: mamba, and this model has none of them")]
    [InlineData("--ids IDS --lora-rank 2 --lora-targets mlp --freeze mlp", "lora-targets: mlp, and freeze names them all (mlp)")]
    [InlineData("--ids IDS --freeze embedding,head,norms,attention,mlp", "is the whole model; leave something to train")]
    [InlineData("--ids IDS --router-balance 0.1", "router-balance is for models with experts")]
    [InlineData("--ids IDS --hidden-layers 90:1", "90")]
    [InlineData("--ids IDS --micro-batch 9", "--micro-batch is 9; it must be a whole number from 0 to 8, the batch, or auto")]
    [InlineData("--ids IDS --order shufled", "shuffled")]
    [InlineData("--ids IDS --temperature 0", "--temperature is 0; it must be a number above 0")]
    [InlineData("--ids IDS --loss kl", "--loss: unknown loss 'kl'")]
    [InlineData("--ids IDS --hidden-layers 1", "--hidden-layers: '1' is not a pair of layers")]
    [InlineData("--ids IDS --hidden-distance mse", "--hidden-layers is missing")]
    [InlineData("--ids IDS --seq 99999", "positions")]
    public void Bad_input_is_one_line_and_leaves_nothing(string options, string message)
    {
        var output = Path.Combine(_folder.Path, "out");
        var error = Verb.Refused($"distill {Verb.Tiny} --teacher {Verb.Tiny} --output {output} {options.Replace("IDS", _ids)}");
        Assert.Contains(message, error);
        Assert.False(Path.Exists(output));
        Assert.False(Path.Exists($"{output}.run"));
    }

    [Fact]
    public void A_student_with_another_vocabulary_is_refused_before_anything_is_done()
    {
        var output = Path.Combine(_folder.Path, "out");
        var error = Verb.Refused($"distill {Verb.Tiny} --teacher {Verb.Teacher} --output {output} --ids {_ids} --steps 2 --seq 16");
        Assert.Contains($"{Verb.Teacher} has a vocabulary of 4096 but {Verb.Tiny} one of 128", error);
        Assert.False(Path.Exists($"{output}.run"));
    }

    [Fact]
    public void A_student_whose_vocabulary_is_padded_is_distilled_and_the_padding_is_told()
    {
        string Model(string name, int vocabulary)
        {
            var config = Verb.Copy(Verb.Tiny, Path.Combine(_folder.Path, $"{name}-config"));
            var json = JsonNode.Parse(File.ReadAllText(Path.Combine(config, "config.json")))!;
            json["vocab_size"] = vocabulary;
            File.WriteAllText(Path.Combine(config, "config.json"), json.ToJsonString());
            File.Delete(Path.Combine(config, "model.safetensors"));
            var folder = Path.Combine(_folder.Path, name);
            Verb.Json($"pretrain {config} --ids 1,2,3,4,5 --seq 4 --batch 1 --steps 1 --output {folder}");
            return folder;
        }
        var (teacher, student) = (Model("teacher", 100), Model("student", 128));
        var output = Path.Combine(_folder.Path, "out");
        var line = $"distill {student} --teacher {teacher} --seq 16 --steps 2 --batch 2 --output {output} --ids";
        Assert.Contains("outside the vocabulary of 100", Verb.Refused($"{line} {_ids}"));
        var few = Verb.WriteIds(_folder.Path, "few.i32", Enumerable.Range(0, 400).Select(i => i * i % 99));
        var (code, _, error) = TestCommand.Launch($"{line} {few}");
        Assert.True(code == 0, error);
        Assert.Contains("the teacher's 100 and the student's 128 entries differ by padding to a multiple of 128", error);
    }

    [Theory]
    [InlineData("prune: { hidden: 32, heads: 3 }\nscore: { samples: 8 }", "nearest valid sizes are 2 and 4")]
    [InlineData("prune: { hidden: 64 }\nscore: { samples: 8 }", "between 1 and the teacher's 48")]
    [InlineData("prune: { hiden: 32 }\nscore: { samples: 8 }", "hidden")]
    [InlineData("prune: { hidden: 32 }\nscore: { samples: 100000 }", "give more text, or use fewer")]
    public void A_recipe_that_cannot_work_is_refused_before_anything_is_done(string lines, string message)
    {
        var recipe = Path.Combine(_folder.Path, "recipe.yaml");
        File.WriteAllText(recipe,
            $"teacher: {Verb.Tiny}\ndata: {{ train: {_ids}, held-out: 10%, sequence: 32 }}\n{lines}\ndistill: {{ steps: 2, batch: 2 }}\n");
        var error = Verb.Refused($"compress {recipe} --output {Path.Combine(_folder.Path, "run")}");
        Assert.Contains(message, error);
        Assert.False(Path.Exists(Path.Combine(_folder.Path, "run")));
    }

    [Theory]
    [InlineData("100", false, "teacher pruned student")]
    [InlineData("0", true, "teacher corrected-teacher pruned student")]
    public void A_correction_is_done_where_the_test_says_so(string threshold, bool needed, string models)
    {
        // Ids that the teacher has never seen, against ids that it writes itself.
        var result =
            Compress("auto", $"{{ when: auto, threshold: {threshold}, reference: {Written()}, steps: 2, batch: 2, learning-rate: 1e-3 }}");
        var need = result.GetProperty("need")[0].GetProperty("need");
        Verb.HasFields(need, "needed why data reference difference difference_se lower upper threshold loss_difference seq");
        Assert.Equal(needed, need.GetProperty("needed").GetBoolean());
        Assert.Equal(models,
            string.Join(' ',
                result.GetProperty("rows").EnumerateArray().Select(row => row.GetProperty("model").GetString()!.Replace(' ', '-'))));
        Assert.Equal(needed,
            result.GetProperty("stages").EnumerateArray().Any(stage => stage.GetProperty("stage").GetString() == "correct"));
        Assert.Contains(need.GetProperty("why").GetString()!, File.ReadAllText(result.GetProperty("report").GetString()!));
    }

    [Fact]
    public void A_teacher_that_is_corrected_in_parallel_is_written_and_stands_in_the_table()
    {
        var result = Compress("parallel", "{ mode: parallel, learning-rate: 5e-4 }");
        var rows = result.GetProperty("rows").EnumerateArray().ToDictionary(row => row.GetProperty("model").GetString()!);
        Assert.Equal(["teacher", "pruned", "corrected teacher", "student"], rows.Keys);
        double Loss(string model) => rows[model].GetProperty("evaluations")[0].GetProperty("nll").GetDouble();
        Assert.True(Loss("corrected teacher") < Loss("teacher"), $"{Loss("corrected teacher")} against {Loss("teacher")}");
        Assert.True(File.Exists(Path.Combine(rows["corrected teacher"].GetProperty("path").GetString()!, "model.safetensors")));
        Assert.Equal(["data", "evaluate", "score", "prune", "distill", "export"],
            result.GetProperty("stages").EnumerateArray().Select(stage => stage.GetProperty("stage").GetString()).Distinct()
                .Prepend("data"));
    }

    [Fact]
    public void What_a_training_lost_at_its_end_is_what_an_evaluation_finds()
    {
        const string known = "evaluate: corrected teacher on held-out: already measured at the end of its training";
        var line = $"compress {Recipe("known", "{ steps: 2, batch: 2, evaluate-every: 2 }")} --output {_folder.Path}/known --json";
        var (_, first, told) = TestCommand.Launch(line);
        Assert.Contains(known, told);
        var row = System.Text.Json.JsonDocument.Parse(first).RootElement.GetProperty("rows").EnumerateArray()
            .Single(row => row.GetProperty("model").GetString() == "corrected teacher");
        var stage = Path.Combine(_folder.Path, "known", "stages", row.GetProperty("stage").GetString()!);
        var (losses, record) = (File.ReadAllBytes(Path.Combine(stage, "losses.json")), row.GetProperty("evaluations").GetRawText());

        // The training is done and known by its folder alone: the windows are gone through.
        Directory.Delete(stage, recursive: true);
        var (code, second, again) = TestCommand.Launch(line);
        Assert.True(code == 0, again);
        Assert.DoesNotContain(known, again);
        Assert.Equal(losses, File.ReadAllBytes(Path.Combine(stage, "losses.json")));
        Assert.Contains(record, second);
    }

    private System.Text.Json.JsonElement Compress(string name, string correct) =>
        Verb.Json($"compress {Recipe(name, correct)} --output {Path.Combine(_folder.Path, name)}");

    private string Recipe(string name, string correct)
    {
        var recipe = Path.Combine(_folder.Path, $"{name}.yaml");
        File.WriteAllText(recipe,
            $"teacher: {Verb.Tiny}\ndata: {{ train: {_ids}, held-out: 10%, sequence: 32 }}\ncorrect: {correct}\nscore: {{ samples: 8 "
                + $"}}\nprune: {{ hidden: 32 }}\ndistill: {{ steps: 4, batch: 2, warm-up: 0 }}\n");
        return recipe;
    }

    /// <summary>Ids that go on as the tiny model finds likeliest.</summary>
    private string Written()
    {
        var line = Verb.Json($"generate {Verb.Tiny} --ids 1 --greedy --max-tokens 200");
        int[] ids = [.. line.GetProperty("ids").EnumerateArray().Select(id => id.GetInt32())];
        return Verb.WriteIds(_folder.Path, "written.i32", Enumerable.Repeat(ids.Prepend(1), 3).SelectMany(all => all).Take(400));
    }

    [Fact]
    public void A_truncated_teacher_leaves_no_run_folder()
    {
        var broken = Verb.Copy(Verb.Tiny, Path.Combine(_folder.Path, "broken"));
        using (var file = File.OpenWrite(Path.Combine(broken, "model.safetensors")))
            file.SetLength(file.Length - 100);
        var recipe = Path.Combine(_folder.Path, "recipe.yaml");
        File.WriteAllText(recipe,
            $"teacher: {broken}\ndata: {{ train: {_ids}, held-out: 10%, sequence: 32 }}\nscore: {{ samples: 8 }}\nprune: {{ hidden: 32 "
                + $"}}\n");
        Assert.Contains("model.safetensors", Verb.Refused($"compress {recipe} --output {Path.Combine(_folder.Path, "run")}"));
        Assert.False(Path.Exists(Path.Combine(_folder.Path, "run")));
    }
}

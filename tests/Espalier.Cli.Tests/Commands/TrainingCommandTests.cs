using System.Text.Json;
using Espalier.Tests;

namespace Espalier.Cli.Tests.Commands;

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
        var line = $"distill {Fixtures.Golden("pruning", "width")} --teacher {Verb.Tiny} --ids {_ids} --order sequential --batch 4 --seq 32 --steps 6 --warmup 2 --held-out 10% --output {output}";
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
        var line = $"correct {Verb.Tiny} --ids {_ids} --order sequential --batch 4 --seq 32 --steps 60 --lr 3e-2 --warmup 0 --schedule constant --held-out 10% --evaluate-every 2 --early-stopping 2";
        var output = Path.Combine(_folder.Path, "stopped");
        var report = Verb.Json($"{line} --output {output}");
        var steps = report.GetProperty("steps").GetInt64();
        Assert.True(steps < 60, $"{steps} steps");

        var lines = File.ReadLines(report.GetProperty("metrics").GetString()!).Select(text => JsonDocument.Parse(text).RootElement).ToArray();
        var losses = lines.Where(entry => entry.TryGetProperty("held_out_nll", out _)).Select(entry => (Step: entry.GetProperty("step").GetInt64(), Nll: entry.GetProperty("held_out_nll").GetDouble())).ToArray();
        var best = losses.MinBy(loss => loss.Nll);
        Assert.Equal(steps, best.Step + 4);
        Assert.Equal(best.Nll, report.GetProperty("rows")[1].GetProperty("evaluations")[0].GetProperty("nll").GetDouble(), 1e-6);
        Assert.Contains(lines, entry => entry.TryGetProperty("update_ratio", out var ratio) && ratio.GetDouble() > 0);

        // What timing depends on the clock is in the other log.
        var timing = JsonDocument.Parse(File.ReadLines(Path.Combine(Path.GetDirectoryName(report.GetProperty("metrics").GetString()!)!, "timing.jsonl")).First()).RootElement;
        Verb.HasFields(timing, "step seconds tokens_per_second resident_bytes mfu");
        Assert.InRange(timing.GetProperty("mfu").GetDouble(), 1e-9, 10);
    }

    [Fact]
    public void Accumulated_micro_batches_give_the_whole_batchs_model()
    {
        double Loss(string name, string more) => Verb.Json(
            $"correct {Verb.Tiny} --ids {_ids} --order sequential --batch 4 --seq 32 --steps 5 --output {Path.Combine(_folder.Path, name)} {more}").GetProperty("final_loss").GetDouble();
        Assert.Equal(Loss("whole", ""), Loss("parts", "--micro-batch 2"), 1e-5);
    }

    [Fact]
    public void Pretrain_starts_from_weights_that_the_seed_alone_gives()
    {
        double Loss(string name, int seed) => Verb.Json(
            $"pretrain {Verb.Tiny} --ids {_ids} --batch 4 --seq 32 --steps 2 --seed {seed} --output {Path.Combine(_folder.Path, name)}").GetProperty("final_loss").GetDouble();
        Assert.Equal(Loss("a", 1), Loss("b", 1));
        Assert.NotEqual(Loss("c", 1), Loss("d", 2));
    }

    [Theory]
    [InlineData("--ids 1,2,300", "outside the vocabulary of 128")]
    [InlineData("--ids 1,2,3", "fewer than one window")]
    [InlineData("--ids IDS --steps 3 --lr -1", "learning-rate is -1")]
    [InlineData("--ids IDS --schedule cosin", "Did you mean cosine?")]
    [InlineData("--ids IDS --schedule constant --min-lr 1e-4", "--schedule constant has no end")]
    [InlineData("--ids IDS --decay-steps 3", "belongs to the schedule wsd")]
    [InlineData("--ids IDS --steps 20 --schedule wsd --decay-steps 11", "decay-steps is 11 and must be from 1 to the 10 steps behind the warm-up")]
    [InlineData("--ids IDS --freeze mlp,hed", "Did you mean head?")]
    [InlineData("--ids IDS --layer-decay 0", "layer-decay is 0 and must be above 0 and at most 1")]
    [InlineData("--ids IDS --compute bfloat", "Did you mean bfloat16?")]
    [InlineData("--ids IDS --documents separat", "Did you mean separate?")]
    [InlineData("--ids IDS --early-stopping 2", "give the steps between them")]
    [InlineData("--ids IDS --micro-batch 3", "divisor of batch 8")]
    [InlineData("--ids IDS --order shufled", "shuffled")]
    [InlineData("--ids IDS --temperature 0", "must be above 0")]
    [InlineData("--ids IDS --loss kl", "forward-kl")]
    [InlineData("--ids IDS --seq 99999", "positions")]
    public void Bad_input_is_one_line_and_leaves_nothing(string options, string message)
    {
        var output = Path.Combine(_folder.Path, "out");
        var error = Verb.Refused($"distill {Verb.Tiny} --teacher {Verb.Tiny} --output {output} {options.Replace("IDS", _ids)}");
        Assert.Contains(message, error);
        Assert.False(Path.Exists(output));
        Assert.False(Path.Exists($"{output}.run"));
    }

    [Theory]
    [InlineData("prune: { hidden: 32, heads: 3 }", "nearest legal values are 2 and 4")]
    [InlineData("prune: { hidden: 64 }", "between 1 and the teacher's 48")]
    [InlineData("prune: { hiden: 32 }", "hidden")]
    [InlineData("prune: { hidden: 32 }\nscore: { samples: 100000 }", "give more text, fewer samples")]
    public void A_recipe_that_cannot_work_is_refused_before_anything_is_done(string lines, string message)
    {
        var recipe = Path.Combine(_folder.Path, "recipe.yaml");
        File.WriteAllText(recipe, $"teacher: {Verb.Tiny}\ndata: {{ train: {_ids}, held-out: 10%, sequence: 32 }}\n{lines}\ndistill: {{ steps: 2, batch: 2 }}\n");
        var error = Verb.Refused($"compress {recipe} --output {Path.Combine(_folder.Path, "run")}");
        Assert.Contains(message, error);
        Assert.False(Path.Exists(Path.Combine(_folder.Path, "run")));
    }

    [Fact]
    public void A_truncated_teacher_leaves_no_run_folder()
    {
        var broken = Verb.Copy(Verb.Tiny, Path.Combine(_folder.Path, "broken"));
        using (var file = File.OpenWrite(Path.Combine(broken, "model.safetensors")))
            file.SetLength(file.Length - 100);
        var recipe = Path.Combine(_folder.Path, "recipe.yaml");
        File.WriteAllText(recipe, $"teacher: {broken}\ndata: {{ train: {_ids}, held-out: 10%, sequence: 32 }}\nprune: {{ hidden: 32 }}\n");
        Assert.Contains("model.safetensors", Verb.Refused($"compress {recipe} --output {Path.Combine(_folder.Path, "run")}"));
        Assert.False(Path.Exists(Path.Combine(_folder.Path, "run")));
    }
}

using Espalier.Pipeline.Runs.Folders;
using Espalier.Tests;

namespace Espalier.Cli.Tests.Commands.Training;

/// <summary>align as a command, and as steps of a recipe, on the bundled teacher.</summary>
public sealed class AlignTests : TorchTest
{
    private readonly TemporaryFolder _folder = new();
    private readonly string _data, _template;

    public AlignTests()
    {
        (_data, _template) = (At("chats.jsonl"), At("chat.jinja"));
        File.WriteAllText(_data, string.Concat(Enumerable.Range(0, 60).Select(i => Turns($"Question {i}?", $"Answer {i}.") + "\n"))
            + "{\"messages\":[{\"role\":\"user\",\"content\":\"no answer\"}]}\nnonsense\n");
        File.WriteAllText(_template, "{% for m in messages %}{{ m.role + ': ' + m.content + '\\n' }}{% endfor %}");
    }

    [Fact]
    public void Align_lowers_the_loss_on_held_out_answers_and_goes_on_from_what_was_done()
    {
        var line =
            $"align {Verb.Teacher} --data {_data} --held-out 20% --seq 64 --steps 12 --batch 4 --lr 3e-4 --chat-template {_template} "
            + $"--output {At("aligned")}";
        var first = Verb.Json(line);
        Verb.HasFields(first, "output metrics steps final_loss aligned");
        var aligned = first.GetProperty("aligned");
        Verb.HasFields(aligned, "stage method conversations skipped before after");
        Assert.True(aligned.GetProperty("after").GetProperty("loss").GetDouble()
            < 0.8 * aligned.GetProperty("before").GetProperty("loss").GetDouble(), $"{aligned}");
        Assert.Equal(1, aligned.GetProperty("skipped").GetProperty("no-answer").GetInt64());
        Assert.Equal(1, aligned.GetProperty("skipped").GetProperty("malformed-json").GetInt64());
        Assert.Equal(File.ReadAllText(_template), File.ReadAllText(Path.Combine(At("aligned"), "chat_template.jinja")));

        var written = File.GetLastWriteTimeUtc(Path.Combine(At("aligned"), "model.safetensors"));
        Assert.Equal(first.GetProperty("final_loss").GetDouble(), Verb.Json(line).GetProperty("final_loss").GetDouble());
        Assert.Equal(written, File.GetLastWriteTimeUtc(Path.Combine(At("aligned"), "model.safetensors")));
    }

    [Fact]
    public void What_cannot_work_is_refused_before_any_work()
    {
        string Refused(string options) => Verb.Refused($"align {Verb.Teacher} {options} --output {At("x")}");

        Assert.Contains("does not exist", Refused($"--data {At("none.jsonl")}"), StringComparison.Ordinal);
        Assert.Contains("--data is missing", Refused("--steps 3"), StringComparison.Ordinal);
        Assert.Contains("512 positions", Refused($"--data {_data} --seq 1024"), StringComparison.Ordinal);
        Assert.Contains("it must be at least 0 and below 1",
            Refused($"--data {_data} --held-out 1").Replace("share such as 2% or 0.02, from 0 and below 1",
            "it must be at least 0 and below 1", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.Contains("lora-targets: mamba, and this model has none of them",
            Refused($"--data {_data} --lora-rank 2 --lora-targets mamba"), StringComparison.Ordinal);
        Assert.Contains("freeze: this model's head is its embedding table", Refused($"--data {_data} --freeze head"),
            StringComparison.Ordinal);
        Assert.Contains("early-stopping is 1 and needs a held-out loss, but nothing is held out",
            Refused($"--data {_data} --held-out 0 --evaluate-every 1 --early-stopping 1"), StringComparison.Ordinal);
        Assert.False(Directory.Exists(At("x.run")));
        // How many windows there are is known when the data is there, which stays for a later start; what was left out is said before.
        var (code, _, error) = TestCommand.Launch($"align {Verb.Teacher} --data {_data} --batch 64 --output {At("x")}");
        Assert.Equal(2, code);
        Assert.Contains("batch is 64 windows", error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(At("x")));
    }

    [Fact]
    public void A_recipe_aligns_after_it_distilled_and_the_student_is_the_aligned_model()
    {
        var recipe = At("recipe.yaml");
        File.WriteAllText(recipe, $$"""
            teacher: {{Verb.Teacher}}
            data: { train: {{Verb.TeacherIds}}, held-out: 10%, sequence: 32 }
            score: { samples: 2 }
            prune: { ffn: 512 }
            distill: { steps: 2, batch: 2 }
            align:
              - { data: {{_data}}, steps: 3, batch: 2, sequence: 64, chat-template: {{_template}}, learning-rate: 3e-4 }
              - { method: sft, data: {{_data}}, steps: 2, batch: 2, held-out: 0 }
            """);
        var plan = Verb.Json($"plan {recipe}");
        Assert.Equal(2, plan.GetProperty("stages").EnumerateArray().Count(stage => stage.GetProperty("name").GetString() == "align-sft"));

        var report = Verb.Json($"compress {recipe} --output {At("run")}");
        Assert.Equal(["teacher", "pruned", "distilled", "aligned 1", "student"],
            report.GetProperty("rows").EnumerateArray().Select(row => row.GetProperty("model").GetString()));
        var steps = report.GetProperty("aligned")[0].GetProperty("steps");
        Assert.Equal(["align 1", "align 2"], steps.EnumerateArray().Select(step => step.GetProperty("stage").GetString()));
        Assert.False(steps[1].TryGetProperty("before", out _));
        Assert.Contains("Alignment", File.ReadAllText(report.GetProperty("report").GetString()!), StringComparison.Ordinal);
        Assert.True(File.Exists(Path.Combine(At("run"), "student", "chat_template.jinja")));
    }

    [Fact]
    public void Pairs_are_preferred_the_right_way_round_afterwards()
    {
        var pairs = Path.Combine(Fixtures.Root, "samples", "letter-pairs.jsonl");
        var report = Verb.Json(
            $"align {Verb.Teacher} --method dpo --data {pairs} --held-out 10% --seq 64 --steps 8 --batch 4 --lr 1e-4 --output "
                + $"{At("preferred")}");
        var (before, after) = (report.GetProperty("aligned").GetProperty("before"), report.GetProperty("aligned").GetProperty("after"));

        Assert.Equal(Math.Log(2), before.GetProperty("loss").GetDouble(), 1e-12);
        Assert.Equal(0.5, before.GetProperty("accuracy").GetDouble());
        Assert.True(after.GetProperty("loss").GetDouble() < 0.6 && after.GetProperty("accuracy").GetDouble() > 0.9, $"{after}");
        var last = File.ReadLines(report.GetProperty("metrics").GetString()!).Last();
        Assert.All(["loss_preference", "accuracy", "margin", "chosen_reward", "rejected_reward"],
            field => Assert.Contains($"\"{field}\":", last, StringComparison.Ordinal));
    }

    [Fact]
    public void Keys_of_another_method_are_refused()
    {
        string Refused(string options) => Verb.Refused($"align {Verb.Teacher} --data {_data} {options} --output {At("x")}");

        Assert.Contains("--beta", Refused("--beta 0.2"), StringComparison.Ordinal);
        Assert.Contains("learn from pairs", Refused("--beta 0.2"), StringComparison.Ordinal);
        Assert.Contains("--eta", Refused("--method dpo --eta 0.2"), StringComparison.Ordinal);
        Assert.Contains("--teacher is missing", Refused("--method on-policy"), StringComparison.Ordinal);
        Assert.Contains("a window has 64 tokens", Refused($"--method on-policy --seq 64 --rollout-length 64 --teacher {Verb.Teacher}"),
            StringComparison.Ordinal);
        Assert.Contains("it must be a loss that uses the teacher", Refused($"--method on-policy --loss cross-entropy --teacher {Verb.Teacher}"),
            StringComparison.Ordinal);
    }

    [Fact]
    public void Done_twice_it_ends_with_the_same_bits()
    {
        var options =
            $"align {Verb.Teacher} --data {_data} --held-out 20% --seq 64 --steps 6 --batch 2 --checkpoint-every 2 --evaluate-every 3";
        Verb.Json($"{options} --output {At("whole")}");
        Verb.Json($"{options} --output {At("again")}");

        Assert.Equal(Weights("whole"), Weights("again"));
        Assert.Equal(Metrics("whole"), Metrics("again"));
    }

    private string Metrics(string name) =>
        File.ReadAllText(Path.Combine(
        Directory.GetDirectories(Path.Combine(At($"{name}.run"), "stages"), "align-sft-*").Single(), RunLayout.Metrics));

    private byte[] Weights(string name) => File.ReadAllBytes(Path.Combine(At(name), "model.safetensors"));

    private string At(string name) => Path.Combine(_folder.Path, name);

    private static string Turns(string asked, string answer) => new JsonObject
    {
        ["messages"] = new JsonArray(new JsonObject { ["role"] = "user", ["content"] = asked },
            new JsonObject { ["role"] = "assistant", ["content"] = answer }),
    }.ToJsonString();

    /// <inheritdoc/>
    public override void Dispose()
    {
        _folder.Dispose();
        base.Dispose();
    }
}

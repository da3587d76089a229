using System.Text.Json.Nodes;
using Espalier.Compression;
using Espalier.Files;
using Espalier.Pipeline.Options;
using Espalier.Pipeline.Stages;
using Espalier.Tests;

namespace Espalier.Tests.Stages;

/// <summary>Steps of alignment, interrupted and not, on the bundled teacher.</summary>
public sealed class AlignStageTests : TorchTest
{
    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string> Methods =>
    [
        "method: sft, data: CHATS", "method: dpo, data: PAIRS, label-smoothing: 0.1, sft-weight: 0.2",
        "method: rpo-sq, data: PAIRS, eta: 0.5",
        "method: on-policy, data: CHATS, teacher: JUDGE, refresh: 2, rollout-length: 4 to 8",
    ];

    [Theory]
    [MemberData(nameof(Methods))]
    public void Interrupted_between_two_checkpoints_it_ends_with_the_same_bits(string keys)
    {
        if (keys.Contains("JUDGE", StringComparison.Ordinal))
            keys = keys.Replace("JUDGE", Run("judge", Section("data: CHATS"), 0).Trained.Value.Path, StringComparison.Ordinal);
        var section = Section(keys);
        var whole = Run("whole", section, stopAt: 0);

        Assert.Throws<OperationCanceledException>(() => Run("parts", section, stopAt: 3));
        Assert.Throws<OperationCanceledException>(() => Run("parts", section, stopAt: 5));
        var parts = Run("parts", section, stopAt: 0);

        Assert.Equal(File.ReadAllText(whole.Metrics!), File.ReadAllText(parts.Metrics!));
        Assert.Equal(ContentHash.OfFolder(whole.Trained.Value.Path), ContentHash.OfFolder(parts.Trained.Value.Path));
        Assert.Equal((whole.Row!.Before, whole.Row.After), (parts.Row!.Before, parts.Row.After));
        Assert.NotNull(whole.Row.Before);
        Assert.NotEqual(whole.Row.Before, whole.Row.After);
    }

    [Fact]
    public void Another_template_or_other_data_is_another_stage()
    {
        File.WriteAllText(At("t.jinja"), "{% for m in messages %}{{ m.content }}{% endfor %}");
        var (own, other) = (Run("a", Section("data: CHATS"), 0), Run("b", Section($"data: CHATS, chat-template: {At("t.jinja")}"), 0));
        Assert.NotEqual(own.Trained.Value.Hash, other.Trained.Value.Hash);
    }

    /// <summary>A step of six, from keys as a recipe has them.</summary>
    private AlignSection Section(string keys)
    {
        File.WriteAllText(At("chats.jsonl"),
            string.Concat(Enumerable.Range(0, 40).Select(i => Chat($"Question {i}?", $"Answer {i}.") + "\n")));
        File.WriteAllText(At("pairs.jsonl"), string.Concat(Enumerable.Range(0, 40).Select(i =>
            $"{{\"prompt\":\"Question {i}?\",\"chosen\":\"Answer {i}.\",\"rejected\":\"No {i % 7}\",\"chosen_reward\":"
                + $"{i % 3},\"rejected_reward\":-1}}\n")));
        var text =
            $"align: {{ {keys.Replace("CHATS", At("chats.jsonl"), StringComparison.Ordinal)
            .Replace("PAIRS", At("pairs.jsonl"), StringComparison.Ordinal)}, held-out: 20%, sequence: 64, steps: 6, "
            + "batch: 2, warm-up: 2, checkpoint-every: 2, evaluate-every: 3, learning-rate: 3e-4 }";
        var recipe = Pipeline.Recipes.RecipeFile.Parse(
            $"teacher: {Teacher}\ndata: {{ train: a.txt }}\nprune: {{ ffn: 512 }}\n{text}\n", "recipe.yaml");
        return Assert.Single(recipe.Align);
    }

    private AlignStage Run(string name, AlignSection section, long stopAt)
    {
        using var stop = new CancellationTokenSource();
        var watch = new Watch(step =>
        {
            if (stopAt > 0 && step >= stopAt)
                stop.Cancel();
        });
        return RunContext.Within(At(name), "", 1, watch, run =>
        {
            var data = new AlignDataStage(section, Teacher, 4096);
            run.Walk([data]);
            using var tokens = data.Tokens.Value;
            var (before, stage) = AlignStage.Of(ModelSlot.Of(ModelFolder.Given("start", Teacher)), "aligned", section, data, 1,
                section.Teacher is { } judge ? ModelSlot.Of(ModelFolder.Given("teacher", judge)) : null);
            run.Walk([.. before, stage]);
            return stage;
        }, stop.Token);
    }

    private static string Teacher => Path.Combine(Fixtures.Root, "models", "quickstart-teacher");

    private string At(string name) => Path.Combine(_folder.Path, name);

    private static string Chat(string asked, string answer) => new JsonObject
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

    /// <summary>Says which optimizer step was done.</summary>
    private sealed class Watch(Action<long> step) : IProgressReporter, IProgressTask
    {
        private bool _isTraining;

        public IProgressTask Begin(string title, long total, string unit)
        {
            _isTraining = unit == "steps";
            return this;
        }

        public void Note(string line) { }

        public void Warn(string line) { }

        public void Advance(long done, string? detail = null) { }

        public void Report(long done, string? detail = null)
        {
            if (_isTraining)
                step(done);
        }

        public void Dispose() { }
    }
}

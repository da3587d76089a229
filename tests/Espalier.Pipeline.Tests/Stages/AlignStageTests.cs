using Espalier.Compression.Data.Batches;
using Espalier.Compression.Data.Tokens;
using Espalier.Compression.Distillation;
using Espalier.Compression.Distillation.Losses;
using Espalier.Compression.Training;
using Espalier.Compression.Training.Optimizers;
using Espalier.Models.Checkpoints;
using Espalier.Pipeline.Forecasts;
using Espalier.Pipeline.Options;
using Espalier.Pipeline.Options.Training;
using Espalier.Pipeline.Stages.Running;
using Espalier.Pipeline.Stages.Texts;
using Espalier.Pipeline.Stages.Training;
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
        "method: sft, data: CHATS, lora-rank: 4", "method: sft, data: CHATS, replay: 50%",
        "method: dpo, data: PAIRS, lora-rank: 2, lora-alpha: 8, lora-targets: [attention, up_proj], freeze: layer 0",
        "method: rpo-fwd-kl, data: PAIRS, eta: 0.5, lora-rank: 3, lora-targets: mlp",
        "method: on-policy, data: CHATS, teacher: JUDGE, refresh: 2, rollout-length: 4 to 8, lora-rank: 4",
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
    public void Low_rank_factors_are_merged_into_a_plain_folder_and_leave_the_rest_alone()
    {
        var stage = Run("lora", Section("data: CHATS, lora-rank: 4, lora-targets: mlp, freeze: layers 0-5"), 0);
        using var before = Checkpoint.Open(Teacher);
        using var after = Checkpoint.Open(stage.Trained.Value.Path);
        Assert.Equal(before.Entries.Keys.Order(), after.Entries.Keys.Order());
        var moved = before.Entries.Keys.Where(name => !before.ReadFloat32(name).AsSpan().SequenceEqual(after.ReadFloat32(name))).ToArray();
        Assert.Equal(
            [.. from layer in (int[])[6, 7] from part in (string[])["down", "gate",
                "up"] select $"model.layers.{layer}.mlp.{part}_proj.weight"],
            moved.Order());
        // A change of rank 4: of any five rows, or columns, of W' - W one is made of the others.
        foreach (var name in moved)
            Assert.Equal(4, RankOf(before.Entries[name].Shape, before.ReadFloat32(name), after.ReadFloat32(name)));
        Assert.Contains("weights without an adapter and frozen parts (layers 0-5) are equal to the source, bit for bit",
            File.ReadAllText(Path.Combine(Path.GetDirectoryName(stage.Metrics!)!, "stage.json")));
        Assert.True(stage.Row!.After!.Loss < stage.Row.Before!.Loss);
    }

    [Theory]
    [InlineData("lora-rank: 4")]
    [InlineData("lora-rank: 4, lora-targets: [v_proj, q_proj], optimizer: muon")]
    [InlineData("freeze: [attention, embedding]")]
    public void Memory_and_disk_are_foretold_as_the_trainer_has_them(string keys)
    {
        var section = Section($"data: CHATS, {keys}").Training;
        using var checkpoint = Checkpoint.Open(Teacher);
        using var model = Espalier.Models.DecoderWeights.Load(checkpoint);
        var (trained, state) = TrainingForecast.Trained(section, checkpoint.Config);
        var source = new PackedText(new(TokenIds.FromList(Enumerable.Range(0, 99), "ids", 4096), 8), SampleOrder.Sequential(11));
        using var trainer = new Trainer(model, new LogitObjective(new CrossEntropy()), source,
            TrainingStage.OptionsOf(section, 8, seed: 1));
        var parameters = trainer.Sets.Single().Parameters;
        Assert.Equal(parameters.Sum(p => p.Value.ElementCount), trained);
        Assert.Equal(Enumerable.Range(0, parameters.Count).Sum(i => trainer.Optimizer.StateOf(i).Sum(kept => kept.Value.ElementCount)),
            state);
        Assert.Equal(4 * (checkpoint.Config.Parameters + model.Adapters.Sum(a => a.A.ElementCount + a.B.ElementCount) + trained + state),
            TrainingForecast.Bytes(section, checkpoint.Config));
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
                section.Teacher is { } judge ? ModelSlot.Of(ModelFolder.Given("teacher", judge)) : null,
                text: new(
                    "text")
                {
                    Value = new(TokenIds.FromList(Enumerable.Range(0, 700).Select(i => i * i % 4096), "ids", 4096), null, "t",
                        null, [])
                });
            run.Walk([.. before, stage]);
            return stage;
        }, stop.Token);
    }

    /// <summary>How many rows of a difference are left after elimination, in float64, above what float32 rounds.</summary>
    private static int RankOf(long[] shape, float[] before, float[] after)
    {
        var (rows, columns, rank) = ((int)shape[0], (int)shape[1], 0);
        var left = before.Zip(after, (was, became) => (double)became - was).Chunk(columns).ToList();
        var largest = left.Max(row => row.Max(Math.Abs));
        for (; left.Count > 0; rank++)
        {
            var pivot = left.MaxBy(row => row.Max(Math.Abs))!;
            var at = Array.IndexOf([.. pivot.Select(Math.Abs)], pivot.Max(Math.Abs));
            if (Math.Abs(pivot[at]) < 1e-3 * largest)
                break;
            left.Remove(pivot);
            foreach (var row in left)
                for (var (i, factor) = (0, row[at] / pivot[at]); i < columns; i++)
                    row[i] -= factor * pivot[i];
        }
        Assert.InRange(rank, 0, rows);
        return rank;
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

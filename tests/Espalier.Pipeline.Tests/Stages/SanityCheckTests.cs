using System.Buffers.Binary;
using Espalier.Compression.Pruning;
using Espalier.Compression.Training.Parts;
using Espalier.Models.Checkpoints;
using Espalier.Pipeline.Options;
using Espalier.Pipeline.Options.Shapes;
using Espalier.Pipeline.Recipes;
using Espalier.Pipeline.Runs;
using Espalier.Pipeline.Runs.Logs;
using Espalier.Pipeline.Stages.Pruning;
using Espalier.Pipeline.Stages.Running;

namespace Espalier.Tests.Stages;

public sealed class SanityCheckTests : TorchTest
{
    private static readonly string s_teacher = Path.Combine(Fixtures.Root, "models", "quickstart-teacher");
    private readonly string _folder = Directory.CreateTempSubdirectory("espalier-sanity-").FullName;

    public override void Dispose()
    {
        Directory.Delete(_folder, recursive: true);
        base.Dispose();
    }

    [Fact]
    public void A_cut_of_nothing_is_found_equal_to_its_input_and_the_record_says_so()
    {
        var record = Pruned(new());
        Assert.Contains(record.Checks!,
            check => check.StartsWith("nothing is cut and every tensor is equal to the source", StringComparison.Ordinal));
        Assert.Contains(record.Checks!, check => check.StartsWith("the shape is the planned one", StringComparison.Ordinal));
    }

    [Fact]
    public void A_cut_is_held_against_its_plan() =>
        Assert.Contains(Pruned(new() { Hidden = 192, Ffn = 512, Layers = 6 }).Checks!,
            check => check.EndsWith("are those that the plan keeps, bit for bit", StringComparison.Ordinal));

    [Theory]
    [InlineData(ElementType.F32)]
    [InlineData(ElementType.F16)]
    public void A_cut_that_is_stored_in_another_type_is_held_against_its_plan_as_that_type_has_it(ElementType stored)
    {
        var record = Pruned(new() { Hidden = 192 }, stored);
        Assert.Contains(record.Checks!, check => check.EndsWith("are those that the plan keeps, bit for bit", StringComparison.Ordinal));
        Assert.Equal(stored.Name(), (string)record.Options!["stored"]!);
    }

    [Fact]
    public void What_the_checks_took_is_in_the_stages_timing()
    {
        Pruned(new() { Hidden = 192 });
        var timing = Assert.Single(Directory.GetFiles(_folder, "timing.jsonl", SearchOption.AllDirectories));
        Assert.True((double)MetricsLines.Read(timing).Last().Fields["check_seconds"]! > 0);
    }

    [Fact]
    public void A_weight_that_the_plan_does_not_keep_there_is_named()
    {
        var plan = PlanBuilder.Random(Config(), Config() with { HiddenSize = 192 }, 1);
        var written = Path.Combine(_folder, "sliced");
        using (var source = Checkpoint.Open(s_teacher))
            Pruner.Write(source, plan, written, source.StoredType, NullProgress.Instance);
        Damage(written);
        Fails(written, check => check.Sliced(plan), "element 0 is ");
    }

    [Fact]
    public void A_weight_that_was_to_stay_and_changed_is_named() =>
        Fails(Damaged(), check => check.Same(_ => true, "every tensor is"), "element 0 is ");

    [Fact]
    public void A_weight_that_is_as_it_should_be_costs_no_memory()
    {
        var (taken, weights) = (long.MaxValue, Config().Parameters);
        Checked(s_teacher, check =>
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            check.Same(_ => true, "every tensor is");
            taken = GC.GetAllocatedBytesForCurrentThread() - before;
        });
        Assert.True(taken < weights, $"{taken} bytes were allocated for {weights} weights");
    }

    [Fact]
    public void Frozen_weights_alone_are_held_to_stay() =>
        Assert.Equal("what is frozen is equal to the source, bit for bit",
            Assert.Single(Checked(s_teacher, check => check.Same(FrozenParts.Parse(["norms"]).Hold, "what is frozen is")).Checks!));

    [Fact]
    public void A_weight_that_is_neither_its_source_nor_zero_is_named() =>
    Fails(Damaged(), check => check.SameOrZero(), "to stay or become zero");

    [Fact]
    public void A_model_that_loads_as_another_is_found_by_its_logits()
    {
        using var source = Checkpoint.Open(s_teacher);
        using var model = DecoderWeights.Load(source);
        Assert.Contains(Checked(s_teacher, check => check.Reloaded(model)).Checks!,
            check => check.StartsWith("reloaded, it gives the logits", StringComparison.Ordinal));
        Fails(Damaged(everywhere: true), check => check.Reloaded(model), "reloaded, logit ");
    }

    [Fact]
    public void A_shape_that_was_not_planned_is_named_with_both_numbers() =>
        Fails(s_teacher, check => check.Shape(Config() with { HiddenSize = 128 }),
            $"hidden_size is {Config().HiddenSize} but 128 was planned");

    [Fact]
    public void A_field_of_the_config_that_nobody_asked_to_change_is_found()
    {
        var written = Copy();
        var config = Path.Combine(written, "config.json");
        File.WriteAllText(config,
            File.ReadAllText(config).Replace("\"rms_norm_eps\": 1e-05", "\"rms_norm_eps\": 1e-06", StringComparison.Ordinal));
        Assert.NotEqual(File.ReadAllText(Path.Combine(s_teacher, "config.json")), File.ReadAllText(config));
        Fails(written, check => check.Shape(Config()), "more than sizes changed in config.json");
    }

    private static DecoderConfig Config()
    {
        using var checkpoint = Checkpoint.Open(s_teacher, requireWeights: false);
        return checkpoint.Config;
    }

    private StageRecord Pruned(PruneTarget target, ElementType? stored = null)
    {
        var (section, model) =
            (new PruneSection { Method = PruneMethod.Random, Target = target }, ModelSlot.Of(ModelFolder.Given("teacher", s_teacher)));
        using var run = RunContext.Open(Path.Combine(_folder, "run"), "recipe", 1, NullProgress.Instance, default);
        new PruneStage(model, "pruned", target.Apply(model.Planned), new("the cut") { Value = section }, section, 64,
            1)
        { Stored = stored }.Run(run);
        return StageRecord.Read(Path.Combine(run.Folder.Path, "stages", run.Used.Single().Folder))!;
    }

    private StageRecord Checked(string written, Action<SanityCheck> check)
    {
        using var run = RunContext.Open(Path.Combine(_folder, "run"), "recipe", 1, NullProgress.Instance, default);
        return run.RunStage("check", new() { ["of"] = written }, new Dictionary<string, string>(), (stage, _) =>
        {
            using var source = Checkpoint.Open(s_teacher);
            using var made = Checkpoint.Open(written);
            check(new("check", stage, source, made));
            return null;
        });
    }

    private void Fails(string written, Action<SanityCheck> check, string problem)
    {
        var error = Assert.Throws<EspalierException>(() => Checked(written, check));
        Assert.Equal(1, error.ExitCode);
        Assert.StartsWith("check: the result failed its check: ", error.Message, StringComparison.Ordinal);
        Assert.Contains(problem, error.Message, StringComparison.Ordinal);
        // The stage is not done.
        var entry = Assert.Single(RunManifest.Load(Path.Combine(_folder, "run"))!.Stages, stage => stage.Status == StageStatus.Started);
        Assert.False(File.Exists(Path.Combine(_folder, "run", "stages", entry.Folder, "stage.json")));
    }

    private string Copy()
    {
        var folder = Path.Combine(_folder, "copy");
        Directory.CreateDirectory(folder);
        foreach (var file in Directory.GetFiles(s_teacher))
            File.Copy(file, Path.Combine(folder, Path.GetFileName(file)));
        return folder;
    }

    private string Damaged(bool everywhere = false)
    {
        var folder = Copy();
        Damage(folder, everywhere);
        return folder;
    }

    /// <summary>Changes the first weight of the file, or each fourth byte.</summary>
    private static void Damage(string folder, bool everywhere = false)
    {
        var file = Path.Combine(folder, "model.safetensors");
        var bytes = File.ReadAllBytes(file);
        var first = 8 + (int)BinaryPrimitives.ReadInt64LittleEndian(bytes);
        for (var i = first; i < (everywhere ? bytes.Length : first + 1); i += 4)
            bytes[i] ^= 1;
        File.WriteAllBytes(file, bytes);
    }
}

using Espalier.Compression.Importance;
using Espalier.Compression.Pruning;
using Espalier.Models.Checkpoints;
using Espalier.Models.Checkpoints.Safetensors;
using Espalier.Models.Families;
using Espalier.Models.Families.Fields;
using Espalier.Tests;
using static Espalier.Models.ParameterRole;

namespace Espalier.Compression.Tests.Pruning;

/// <summary>
/// A made-up layout of Llama with q, k and v in one tensor and gate and up in another, as Phi-3 has them: it is cut as the split tensors
/// are.
/// </summary>
public sealed class FusedTensorsTests : TorchTest
{
    private readonly string _folder = Directory.CreateTempSubdirectory("espalier-fused-").FullName;

    public override void Dispose()
    {
        Directory.Delete(_folder, recursive: true);
        base.Dispose();
    }

    [Fact]
    public void A_fused_model_is_cut_as_the_split_one()
    {
        using var split = Checkpoint.Open(Fixtures.Golden("families", "llama-3.1"));
        using var fused = Fuse(split, new FusedFamily("q", "k", "v"));
        var config = split.Config;
        AssertSame(split, fused);
        Assert.Equal(
            [(config.QueryHeads + 2L * config.KeyValueHeads) * config.HeadDim, config.HiddenSize],
            fused.Entry("model.layers.0.self_attn.qkv_proj.weight").Shape);
        Assert.Equal([2L * config.IntermediateSize, config.HiddenSize], fused.Entry("model.layers.0.mlp.gate_up_proj.weight").Shape);

        var student = new PruneTarget
        {
            Hidden = config.HiddenSize / 2,
            Ffn = config.IntermediateSize / 2,
            KvHeads = config.KeyValueHeads / 2,
            Layers = config.Layers - 1,
            Multiple = 1,
        };
        var (scores, same) = (Score(split), Score(fused));
        foreach (var axis in Axis.Scored)
            Assert.Equal(scores.Units[axis]!, same.Units[axis]!);
        var plan = PlanBuilder.ByImportance(config, student.Apply(config), scores);
        using var cut = Prune(split, plan, "split", FamilyCatalog.For);
        using var cutFused = Prune(fused, plan, "cut", (_, _) => fused.Family);
        AssertSame(cut, cutFused);
        float[] Stored(string name) => cut.ReadFloat32($"model.layers.1.self_attn.{name}_proj.weight");
        Assert.Equal([.. Stored("q"), .. Stored("k"), .. Stored("v")], cutFused.ReadFloat32("model.layers.1.self_attn.qkv_proj.weight"));
        Assert.Equal(Logits(cut), Logits(cutFused));
        Assert.Equal(cut.CountedParameters, cutFused.CountedParameters);
    }

    [Fact]
    public void Merged_heads_are_merged_in_the_fused_rows()
    {
        using var split = Checkpoint.Open(Fixtures.Golden("families", "llama-3.1"));
        using var fused = Fuse(split, new FusedFamily("q", "k", "v"));
        var config = split.Config;
        var student = new PruneTarget { Heads = config.QueryHeads / 2 }.Apply(config);
        var plan = PlanBuilder.ByImportance(config, student, Score(split), mergeHeads: true);
        Assert.Contains(plan.Merges!, layer => layer.Length > 0);
        using var cut = Prune(split, plan, "split", FamilyCatalog.For);
        using var cutFused = Prune(fused, plan, "cut", (_, _) => fused.Family);
        AssertSame(cut, cutFused);
    }

    [Fact]
    public void A_table_with_the_parts_in_another_order_reads_other_weights()
    {
        using var split = Checkpoint.Open(Fixtures.Golden("families", "llama-3.1"));
        using var fused = Fuse(split, new FusedFamily("q", "k", "v"));
        using var wrong = Checkpoint.Open(fused.Folder, (_, _) => new FusedFamily("q", "v", "k"));
        var key = new Parameter(KeyProjection, 0);
        Assert.NotEqual(split.ReadFloat32(split.Family.NameOf(key)), wrong.ReadFloat32(wrong.Family.NameOf(key)));
    }

    private Checkpoint Fuse(Checkpoint split, FusedFamily family)
    {
        var (shell, whole) = (Directory.CreateDirectory(Path.Combine(_folder, "shell")).FullName, Path.Combine(_folder, "fused"));
        File.WriteAllText(Path.Combine(shell, "config.json"), split.RawConfig.ToJsonString());
        using var source = Checkpoint.Open(shell, (_, _) => family, requireWeights: false);
        CheckpointWriter.Write(whole, source.Config, source, ElementType.F32, new Renamed(split, family));
        return Checkpoint.Open(whole, (_, _) => family);
    }

    private Checkpoint Prune(Checkpoint teacher, PruningPlan plan, string name, Func<JsonObject, string, Family> familyOf)
    {
        var folder = Path.Combine(_folder, name);
        Pruner.Write(teacher, plan, folder, ElementType.F32, NullProgress.Instance);
        return Checkpoint.Open(folder, familyOf);
    }

    private static ImportanceScores Score(Checkpoint model) => MagnitudeScorer.Run(model, [1], NullProgress.Instance);

    private static void AssertSame(Checkpoint split, Checkpoint fused)
    {
        foreach (var (name, parameter, _) in split.Family.Parameters(split.Config))
            Assert.Equal(split.ReadFloat32(name), fused.ReadFloat32(fused.Family.NameOf(parameter)));
    }

    private static float[] Logits(Checkpoint model)
    {
        using var decoder = DecoderWeights.Load(model);
        using var noGrad = GradMode.Disable();
        using var scope = TensorScope.Begin();
        return decoder.Logits(decoder.Forward(Tensor.From<long>([1, 2, 3, 4, 5], 1, 5))).ToArray<float>();
    }

    private sealed class Renamed(Checkpoint split, Family fused) : ITensorSource
    {
        public void Fill(string name, long firstElement, Span<float> destination)
        {
            Assert.True(fused.TryParse(name, out var parameter), name);
            split.ReadFloat32(split.Family.NameOf(parameter), firstElement, destination);
        }
    }

    /// <summary>Llama with fused projections, the parts of attention in a given order.</summary>
    private sealed class FusedFamily(params string[] order) : Family("llama", "FusedForCausalLM")
    {
        public override ParameterTable Table { get; } = new([
            (Embedding, "model.embed_tokens.weight"),
            .. order.Select(part =>
                (part == "q" ? QueryProjection : part == "k" ? KeyProjection
                    : ValueProjection, $"model.layers.{{layer}}.self_attn.qkv_proj.weight#{part}")),
            (OutputProjection, "model.layers.{layer}.self_attn.o_proj.weight"),
            (GateProjection, "model.layers.{layer}.mlp.gate_up_proj.weight#gate"),
            (UpProjection, "model.layers.{layer}.mlp.gate_up_proj.weight#up"),
            (DownProjection, "model.layers.{layer}.mlp.down_proj.weight"),
            (InputNorm, "model.layers.{layer}.input_layernorm.weight"),
            (PostAttentionNorm, "model.layers.{layer}.post_attention_layernorm.weight"),
            (FinalNorm, "model.norm.weight"),
            (Head, "lm_head.weight")]);

        protected override JsonObject Defaults { get; } = new()
        {
            ["rope_scaling"] = null,
            ["rope_theta"] = 10000.0,
            ["tie_word_embeddings"] = false
        };

        protected override IReadOnlyList<string> Activations => ["silu"];

        protected override DecoderConfig Specify(DecoderConfig common, ConfigFields fields) => common;
    }
}

using Espalier.Models.Checkpoints;
using Espalier.Models.Gguf;
using Espalier.Models.Gguf.Architectures;
using Espalier.Models.Gguf.Export;
using Espalier.Tests;

namespace Espalier.Models.Tests.Gguf.Architectures;

/// <summary>
/// What llama.cpp 's loaders ask for, family by family, written out here; <c>tests/oracles/llama-cpp/families.mjs</c> shows that llama.cpp
/// computes the golden logits from these files.
/// </summary>
public sealed class GgufArchitecturesTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    public static TheoryData<string, string, string> Families => new()
    {
        { "mistral", "llama", "attn_k attn_norm attn_output attn_q attn_v ffn_down ffn_gate ffn_norm ffn_up" },
        { "granite", "granite", "attn_k attn_norm attn_output attn_q attn_v ffn_down ffn_gate ffn_norm ffn_up" },
        { "qwen2", "qwen2",
            "attn_k attn_k.bias attn_norm attn_output attn_q attn_q.bias attn_v attn_v.bias ffn_down ffn_gate ffn_norm ffn_up" },
        { "qwen3", "qwen3", "attn_k attn_k_norm attn_norm attn_output attn_q attn_q_norm attn_v ffn_down ffn_gate ffn_norm ffn_up" },
        { "olmo2", "olmo2",
            "attn_k attn_k_norm attn_output attn_q attn_q_norm attn_v ffn_down ffn_gate ffn_up post_attention_norm post_ffw_norm" },
        { "nemotron", "nemotron", "attn_k attn_norm attn_norm.bias attn_output attn_q attn_v ffn_down ffn_norm ffn_norm.bias ffn_up" },
        { "nemotron-h", "nemotron_h", "attn_norm ffn_down ffn_up" },
        { "gemma2", "gemma2",
            "attn_k attn_norm attn_output attn_q attn_v ffn_down ffn_gate ffn_norm ffn_up post_attention_norm post_ffw_norm" },
        { "gemma3", "gemma3",
            "attn_k attn_k_norm attn_norm attn_output attn_q attn_q_norm attn_v ffn_down ffn_gate ffn_norm ffn_up post_attention_norm "
                + "post_ffw_norm" },
        { "olmo3", "olmo2",
            "attn_k attn_k_norm attn_output attn_q attn_q_norm attn_v ffn_down ffn_gate ffn_up post_attention_norm post_ffw_norm" },
        { "smollm3", "smollm3", "attn_k attn_norm attn_output attn_q attn_v ffn_down ffn_gate ffn_norm ffn_up" },
        { "mixtral", "llama",
            "attn_k attn_norm attn_output attn_q attn_v ffn_down_exps ffn_gate_exps ffn_gate_inp ffn_norm ffn_up_exps" },
        { "qwen3-moe", "qwen3moe",
            "attn_k attn_k_norm attn_norm attn_output attn_q attn_q_norm attn_v ffn_down_exps ffn_gate_exps ffn_gate_inp ffn_norm "
                + "ffn_up_exps" },
        { "olmoe", "olmoe",
            "attn_k attn_k_norm attn_norm attn_output attn_q attn_q_norm attn_v ffn_down_exps ffn_gate_exps ffn_gate_inp ffn_norm "
                + "ffn_up_exps" },
        { "stablelm", "stablelm",
            "attn_k attn_k.bias attn_norm attn_norm.bias attn_output attn_q attn_q.bias attn_v attn_v.bias ffn_down ffn_gate ffn_norm "
                + "ffn_norm.bias ffn_up" },
        { "starcoder2", "starcoder2",
            "attn_k attn_k.bias attn_norm attn_norm.bias attn_output attn_output.bias attn_q attn_q.bias attn_v attn_v.bias ffn_down "
                + "ffn_down.bias ffn_norm ffn_norm.bias ffn_up ffn_up.bias" },
        { "phi3", "phi3", "attn_norm attn_output attn_qkv ffn_down ffn_norm ffn_up" },
    };

    [Theory]
    [MemberData(nameof(Families))]
    public void Each_family_has_the_tensors_of_its_architecture(string family, string architecture, string inBlock)
    {
        using var file = Export(family);

        Assert.Equal(architecture, file.Metadata.Get<string>("general.architecture"));
        var block = file.Tensors.Select(tensor => tensor.Name).Where(name => name.StartsWith("blk.1.", StringComparison.Ordinal))
            .Select(name => name[6..].Replace(".weight", "", StringComparison.Ordinal)).Order(StringComparer.Ordinal);
        Assert.Equal(inBlock.Split(' ').Order(StringComparer.Ordinal), block);
        using var source = Checkpoint.Open(Fixtures.Golden("families", family));
        Assert.Equal((uint)source.Config.Layers, file.Metadata.Get<uint>($"{architecture}.block_count"));
        Assert.Equal(!source.Config.TiedEmbeddings, file.Contains("output.weight"));
    }

    [Theory]
    [InlineData("mixtral", "llama", "w1 w3 w2", "block_sparse_moe", 5, 2, 40, null)]
    [InlineData("qwen3-moe", "qwen3moe", "gate_proj up_proj down_proj", "mlp", 6, 3, 56, 24)]
    [InlineData("olmoe", "olmoe", "gate_proj up_proj down_proj", "mlp", 6, 3, 32, null)]
    public void Experts_are_one_tensor_of_three_dimensions(
        string family, string architecture, string names, string block, int experts, int perToken, int width, int? expertWidth)
    {
        using var source = Checkpoint.Open(Fixtures.Golden("families", family));
        using var file = Export(family);
        uint? Key(string key) => file.Metadata.Contains($"{architecture}.{key}") ? file.Metadata.Get<uint>($"{architecture}.{key}") : null;
        Assert.Equal(((uint?)experts, (uint?)perToken, (uint?)width, (uint?)expertWidth),
            (Key("expert_count"), Key("expert_used_count"), Key("feed_forward_length"), Key("expert_feed_forward_length")));
        foreach (var (gguf, hf) in new[] { "gate", "up", "down" }.Zip(names.Split(' ')))
        {
            var tensor = file.Tensors.Single(tensor => tensor.Name == $"blk.1.ffn_{gguf}_exps.weight");
            var ofExpert = source.Entry($"model.layers.1.{block}.experts.0.{hf}.weight").Shape;
            Assert.Equal([experts, .. ofExpert], tensor.Shape);
            Assert.Equal(Enumerable.Range(0, experts)
                .SelectMany(expert => source.ReadFloat32($"model.layers.1.{block}.experts.{expert}.{hf}.weight")),
                file.ReadFloat32(tensor.Name));
        }
    }

    [Fact]
    public void Layers_without_experts_and_shares_that_do_not_add_up_are_refused_of_Qwen3()
    {
        using var source = Checkpoint.Open(Fixtures.Golden("families", "qwen3-moe"));
        string Refused(DecoderConfig config) =>
            Assert.Throws<EspalierException>(() => GgufArchitectures.For(config, "folder")).Message;
        Assert.Contains("are shares of all", Refused(source.Config with { NormalizesExpertWeights = false }));
        using var mixed = Checkpoint.Open(Fixtures.Golden("families", "qwen3-moe-mixed"));
        Assert.Contains("this model has one that is", Refused(mixed.Config));
    }

    [Fact]
    public void Norms_that_a_checkpoint_stores_less_one_are_written_whole()
    {
        foreach (var (family, hf, gguf, shift) in new[]
            {
                ("gemma2", "model.layers.1.pre_feedforward_layernorm.weight", "blk.1.ffn_norm.weight", 1f),
                ("gemma2", "model.norm.weight", "output_norm.weight", 1f),
                ("gemma3", "model.layers.1.self_attn.k_norm.weight", "blk.1.attn_k_norm.weight", 1f),
                ("nemotron", "model.layers.2.input_layernorm.weight", "blk.2.attn_norm.weight", 1f),
                ("nemotron", "model.layers.2.input_layernorm.bias", "blk.2.attn_norm.bias", 0f),
                ("olmo2", "model.layers.0.self_attn.q_norm.weight", "blk.0.attn_q_norm.weight", 0f),
            })
        {
            using var source = Checkpoint.Open(Fixtures.Golden("families", family));
            using var file = Export(family);
            Assert.Equal(source.ReadFloat32(hf).Select(weight => weight + shift), file.ReadFloat32(gguf));
        }
    }

    [Fact]
    public void Granites_multipliers_and_gemmas_caps_are_keys()
    {
        using (var granite = Export("granite"))
            Assert.Equal([0.15f, 6f, 0.4f, 3f], new[] { "attention.scale", "embedding_scale", "residual_scale", "logit_scale" }
                .Select(key => granite.Metadata.Get<float>($"granite.{key}")));
        using var gemma = Export("gemma2");
        Assert.Equal((10u, 1024u), (gemma.Metadata.Get<uint>("gemma2.attention.sliding_window"),
            gemma.Metadata.Get<uint>("gemma2.context_length")));
        Assert.Equal((4f, 6f), (gemma.Metadata.Get<float>("gemma2.attn_logit_softcapping"),
            gemma.Metadata.Get<float>("gemma2.final_logit_softcapping")));
    }

    [Fact]
    public void Gemmas_scale_of_scores_that_llama_cpp_has_no_key_for_is_in_its_queries()
    {
        // query_pre_attn_scalar 20, head_dim 16: scores are multiplied by 1/sqrt(20), and llama.cpp multiplies by 1/sqrt(16).
        using var source = Checkpoint.Open(Fixtures.Golden("families", "gemma2"));
        using var file = Export("gemma2");
        var (stored, written) = (source.ReadFloat32("model.layers.0.self_attn.q_proj.weight"), file.ReadFloat32("blk.0.attn_q.weight"));
        Assert.Equal(stored.Select(weight => (float)(weight * Math.Sqrt(16.0 / 20))).ToArray(), written,
            (a, b) => Math.Abs(a - b) <= 1e-7f);
    }

    [Fact]
    public void Phi_fuses_queries_keys_and_values_and_gate_and_up()
    {
        using var source = Checkpoint.Open(Fixtures.Golden("families", "phi3"));
        using var file = Export("phi3");
        Assert.Equal([96L, 48L], file["blk.2.attn_qkv.weight"].Shape);
        Assert.Equal(source.ReadFloat32("model.layers.2.self_attn.qkv_proj.weight#k"),
            file.ReadFloat32("blk.2.attn_qkv.weight")[(48 * 48)..(72 * 48)]);
        Assert.Equal(source.ReadFloat32("model.layers.2.mlp.gate_up_proj.weight#up"), file.ReadFloat32("blk.2.ffn_up.weight")[(96 * 48)..]);
        // llama.cpp applies no window there: it ends the context.
        Assert.Equal(10u, file.Metadata.Get<uint>("phi3.context_length"));
        // And it looks for tokens of Phi-3's that this vocabulary has not, where the name has the word in it.
        Assert.Equal("phi 3", file.Metadata.Get<string>("general.name"));
    }

    [Fact]
    public void A_head_that_an_architecture_wants_is_the_embedding_where_that_serves()
    {
        using var source = Checkpoint.Open(Fixtures.Golden("families", "olmo2"));
        var folder = _folder.Of("tied");
        CheckpointWriter.Write(folder, source.Config with { TiedEmbeddings = true }, source, ElementType.F32, source);
        GgufExporter.Export(folder, _folder.Of("tied.gguf"), GgufFormat.F32);
        using var file = GgufFile.Open(_folder.Of("tied.gguf"));
        Assert.Equal(source.ReadFloat32("model.embed_tokens.weight"), file.ReadFloat32("output.weight"));
    }

    [Fact]
    public void What_an_architecture_would_compute_differently_is_refused()
    {
        Assert.Contains("'mamba'", Refusal("mistral", config => config with { Family = "mamba" }), StringComparison.Ordinal);
        Assert.Contains("no place for QueryProjectionBias", Refusal("gemma2", config => config with { QueryKeyValueBias = true }),
            StringComparison.Ordinal);
        Assert.Contains("no place for Head", Refusal("gemma2", config => config with { TiedEmbeddings = false }), StringComparison.Ordinal);
        Assert.Contains("4 heads of 12 entries and 44 channels", Refusal("olmo2", config => config with { HiddenSize = 44 }),
            StringComparison.Ordinal);
        Assert.Contains("has RmsNorm", Refusal("qwen3", config => config with { Norm = NormKind.LayerNorm1p }), StringComparison.Ordinal);
        Assert.Contains("starcoder2 needs biases for all projections", Refusal("starcoder2", config =>
            config with { QueryKeyValueBias = false, AttentionOutputBias = false, MlpBias = false }), StringComparison.Ordinal);
        Assert.Contains("4 heads of 16 entries and 48 channels", Refusal("stablelm", config => config with { HiddenSize = 48 }),
            StringComparison.Ordinal);
        Assert.Contains("cannot scale its frequencies", Refusal("qwen3", config =>
            config with { Rotary = config.Rotary with { Scaling = new RotaryScaling.Llama3(8, 1, 4, 64) } }), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("qwen2")]
    [InlineData("phi3")]
    public void A_pruned_width_that_its_own_architecture_does_not_take_goes_to_llamas(string family)
    {
        using var source = Checkpoint.Open(Fixtures.Golden("families", family));
        var narrow = source.Config with { HiddenSize = 44 };
        Assert.Equal(family, GgufArchitectures.For(source.Config, "it").Name);
        Assert.Equal("llama", GgufArchitectures.For(narrow, "it").Name);
        var plan = GgufPlan.Of(source.Family, narrow, GgufArchitectures.For(narrow, "it"), GgufFormat.F32)
            .Select(tensor => tensor.Stored.Name);
        Assert.Contains(family == "qwen2" ? "blk.1.attn_k.bias" : "blk.1.ffn_gate.weight", plan);
    }

    [Fact]
    public void A_window_that_every_other_layer_has_not_ends_gemmas_context()
    {
        using var source = Checkpoint.Open(Fixtures.Golden("families", "gemma2"));
        var metadata = new GgufMetadata();
        // Layers 0 and 2 have the window; without layer 1 both that stay have it.
        GgufArchitectures.For(source.Config, "gemma2").Describe(
            source.Config with { Layers = 2, LayerKinds = source.Config.LayerKinds.At([0, 2]) }, metadata);
        Assert.Equal(10u, metadata.Get<uint>("gemma2.context_length"));
    }

    private static string Refusal(string family, Func<DecoderConfig, DecoderConfig> change)
    {
        using var source = Checkpoint.Open(Fixtures.Golden("families", family));
        return Assert.Throws<EspalierException>(() => GgufArchitectures.For(change(source.Config), "the student")).Message;
    }

    private GgufFile Export(string family)
    {
        var path = _folder.Of($"{family}.gguf");
        GgufExporter.Export(Fixtures.Golden("families", family), path, GgufFormat.F32);
        return GgufFile.Open(path);
    }
}

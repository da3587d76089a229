using Espalier.Models.Checkpoints;
using Espalier.Models.Families;
using Espalier.Models.Gguf;
using Espalier.Models.Gguf.Architectures;
using Espalier.Tests;

namespace Espalier.Models.Tests.Gguf.Architectures;

/// <summary>What llama.cpp's <c>gpt-oss</c> can say of a model.</summary>
public sealed class GptOssArchitectureTests
{
    [Fact]
    public void The_published_model_has_the_keys_of_the_published_files_and_a_note_on_its_frequencies()
    {
        var config = new GptOss().ReadConfig([], "config.json");
        var architecture = GgufArchitectures.For(config, "it");
        var metadata = new GgufMetadata();
        architecture.Describe(config, metadata);
        Assert.Equal(("yarn", 32f, 4096u, 1f), (metadata.Get<string>("gpt-oss.rope.scaling.type"),
            metadata.Get<float>("gpt-oss.rope.scaling.factor"), metadata.Get<uint>("gpt-oss.rope.scaling.original_context_length"),
            metadata.Get<float>("gpt-oss.rope.scaling.attn_factor")));
        Assert.Equal((128u, 2880u, 2880u, 128u, 4u, 131072u), (metadata.Get<uint>("gpt-oss.attention.sliding_window"),
            metadata.Get<uint>("gpt-oss.expert_feed_forward_length"), metadata.Get<uint>("gpt-oss.feed_forward_length"),
            metadata.Get<uint>("gpt-oss.expert_count"), metadata.Get<uint>("gpt-oss.expert_used_count"),
            metadata.Get<uint>("gpt-oss.context_length")));
        // By hand: the blend goes from pair 8.09 to 17.40 here and from 8 to 18 there. It differs most at pair 17, where (17 - 8.093) /
        // 9.305
        // = 0.9572 of it are divided by 32 here, 0.9 there: 0.1281 against 0.0727 of the frequency.
        Assert.Contains("frequencies differ by up to 76.3 %", Assert.Single(architecture.Notes(config)), StringComparison.Ordinal);
        Assert.Empty(architecture.Notes(config with { Rotary = config.Rotary with { Scaling = null } }));
        Assert.Null(RotaryFactors.Of(config, architecture));
        // Another architecture has a table for it.
        Assert.Equal(32, RotaryFactors.Of(config, new LlamaArchitecture())!.Length);
    }

    [Fact]
    public void A_file_whose_bounds_lie_beyond_all_pairs_needs_no_note()
    {
        using var model = Checkpoint.Open(Fixtures.Golden("families", "gpt-oss"), requireWeights: false);
        Assert.Empty(GgufArchitectures.For(model.Config, "it").Notes(model.Config));
    }

    [Fact]
    public void Layers_that_stay_with_their_windows_outOfTurn_shorten_the_context()
    {
        var config = new GptOss().ReadConfig([], "config.json");
        var outOfTurn = config with { Layers = 3, LayerKinds = config.LayerKinds.At([0, 2, 5]) };
        var architecture = GgufArchitectures.For(outOfTurn, "it");
        var metadata = new GgufMetadata();
        architecture.Describe(outOfTurn, metadata);
        Assert.Equal((128u, 131072u),
            (metadata.Get<uint>("gpt-oss.context_length"), metadata.Get<uint>("gpt-oss.attention.sliding_window")));
        Assert.Contains(architecture.Notes(outOfTurn),
            note => note.Contains("the file's context is 128 tokens", StringComparison.Ordinal));
        var inTurn = config with { Layers = 4, LayerKinds = config.LayerKinds.At([0, 5, 6, 9]) };
        architecture.Describe(inTurn, metadata = new());
        Assert.Equal((131072u, 128u),
            (metadata.Get<uint>("gpt-oss.context_length"), metadata.Get<uint>("gpt-oss.attention.sliding_window")));
    }

    [Fact]
    public void What_it_computes_otherwise_is_refused()
    {
        using var plain = Checkpoint.Open(Fixtures.Golden("families", "gpt-oss-tied"), requireWeights: false);
        Assert.Contains("needs biases for q, k, v and o; this model has none",
            Assert.Throws<EspalierException>(() => GgufArchitectures.For(plain.Config, "it")).Message, StringComparison.Ordinal);
        var config = new GptOss().ReadConfig([], "config.json");
        var limited = config with { LayerKinds = LayerKinds.All(config.LayerKinds[0] with { ActivationLimit = 5 }) };
        Assert.Contains("a layer of the architecture gpt-oss is",
            Assert.Throws<EspalierException>(() => GgufArchitectures.For(limited, "it")).Message, StringComparison.Ordinal);
        var rounded = (RotaryScaling.Yarn)config.Rotary.Scaling!;
        Assert.Contains("cannot scale its frequencies", Assert.Throws<EspalierException>(() => GgufArchitectures.For(
            config with { Rotary = config.Rotary with { Scaling = rounded with { BetaFast = 16 } } }, "it")).Message,
                StringComparison.Ordinal);
    }
}

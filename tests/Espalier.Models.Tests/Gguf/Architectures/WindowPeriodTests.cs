using Espalier.Models.Checkpoints;
using Espalier.Models.Gguf;
using Espalier.Models.Gguf.Architectures;
using Espalier.Tests;

namespace Espalier.Models.Tests.Gguf.Architectures;

/// <summary>Windows of layers as llama.cpp gives them: layer i has one where i mod p is below p − 1.</summary>
public sealed class WindowPeriodTests
{
    [Theory]
    // A window is w, none is -.
    [InlineData("ww-w", 3)]
    [InlineData("wwwww-wwwww-ww", 6)]
    [InlineData("w-w-", 2)]
    [InlineData("----", 1)]
    [InlineData("www", 4)]
    [InlineData("-w", null)]
    [InlineData("w--w", null)]
    [InlineData("ww-w-", null)]
    public void The_period_is_found_where_there_is_one(string layers, int? expected)
    {
        using var gemma = Checkpoint.Open(Fixtures.Golden("families/gemma3"));
        var kinds = LayerKinds.Of(layers.Select(layer => gemma.Config.LayerKinds[layer == 'w' ? 0 : 2]));
        var config = gemma.Config with { Layers = layers.Length, LayerKinds = kinds };
        Assert.Equal(expected, WindowPeriod.Of(config));
        if (expected is { } period)
        {
            var metadata = new GgufMetadata();
            GgufArchitectures.For(config, "it").Describe(config, metadata);
            Assert.Equal((uint)period, metadata.Get<uint>("gemma3.attention.sliding_window_pattern"));
            Assert.Equal(layers.Contains('w') ? 10u : 1024u, metadata.Get<uint>("gemma3.attention.sliding_window"));
        }
        else
            Assert.Contains("choose layers that fit, or keep all of them",
                Assert.Throws<EspalierException>(() => GgufArchitectures.For(config, "it")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Both_bases_are_keys_and_the_scale_of_scores_is_in_the_norm_of_queries()
    {
        using var gemma = Checkpoint.Open(Fixtures.Golden("families/gemma3"));
        var metadata = new GgufMetadata();
        var architecture = GgufArchitectures.For(gemma.Config, "it");
        architecture.Describe(gemma.Config, metadata);
        Assert.Equal((1e6f, 1e4f, 8f), (metadata.Get<float>("gemma3.rope.freq_base"), metadata.Get<float>("gemma3.rope.freq_base_swa"),
            metadata.Get<float>("gemma3.rope.scaling.factor")));
        // query_pre_attn_scalar 20 and head_dim 16.
        Assert.Equal(Math.Sqrt(16.0 / 20), architecture.Factor(ParameterRole.QueryNorm, gemma.Config), 12);
    }

    [Fact]
    public void A_cap_of_logits_that_llama_cpp_has_not_is_refused()
    {
        using var gemma = Checkpoint.Open(Fixtures.Golden("families/gemma3"));
        Assert.Contains("has no logit cap; this model's is 30", Assert.Throws<EspalierException>(() =>
            GgufArchitectures.For(gemma.Config with { LogitCap = 30 }, "it")).Message, StringComparison.Ordinal);
    }
}

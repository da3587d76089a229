using Espalier.Models.Families;
using static Espalier.Models.ParameterRole;
using static Espalier.Models.ParameterRoles;

namespace Espalier.Models.Gguf.Architectures;

/// <summary>
/// llama.cpp's architecture <c>nemotron_h</c>: each layer a norm and one half, a Mamba-2 mixer, attention that does not turn, or an ungated
/// feed-forward block. Which, the lists of key/value heads and of feed-forward sizes say: a layer that has neither is a mixer.
/// </summary>
internal sealed class NemotronHArchitecture() : GgufArchitecture("nemotron_h")
{
    private const string KeyValueHeads = "attention.head_count_kv", FeedForward = "feed_forward_length";

    public override ParameterTable Table { get; } = new(GgufNames.All,
        [Embedding, InputNorm, MambaStepBias, MambaLogDecay, MambaSkip, MambaInputConvolution, MambaBConvolution, MambaCConvolution,
            MambaInputConvolutionBias, MambaBConvolutionBias, MambaCConvolutionBias, MambaGateProjection, MambaInputProjection,
            MambaBProjection, MambaCProjection, MambaStepProjection, MambaNorm, MambaOutputProjection, .. Attention, .. BiasedPlainMlp,
            FinalNorm, Head]);

    public override bool HasRotary => false;

    public override bool HasHalves => true;

    protected override LayerKind Layer { get; } = new() { Activation = ActivationKind.SquaredRelu, IsRotary = false };

    protected override LayerKind WithoutKeys(LayerKind kind) =>
        base.WithoutKeys(kind) with { HasAttention = true, HasMamba = false, HasFeedForward = true };

    protected override string? OwnObjection(DecoderConfig config) =>
        config.LayerKinds.Any(static kind => !kind.IsHalf)
            ? $"a layer of the architecture {Name} is half a block; this model has a layer with both halves"
            : config.Mamba is { LeastStep: > 0 } or { MostStep: < double.PositiveInfinity }
            ? $"the architecture {Name} has no step limits; this model's steps (time_step_limit) are from {config.Mamba.LeastStep} to "
                + $"{config.Mamba.MostStep}"
            : null;

    public override long[] ShapeOf(StoredTensor tensor, DecoderConfig config) => tensor.Parts[0].Parameter.Role switch
    {
        MambaLogDecay or MambaSkip => [tensor.Shape[0], 1],
        MambaNorm => [config.Mamba.Groups, tensor.Shape[0] / config.Mamba.Groups],
        MambaInputConvolution => [tensor.Shape[0], tensor.Shape[^1]],
        _ => tensor.Stacked,
    };

    /// <summary>Versions of llama.cpp add the bias of the convolution whether or not there is one.</summary>
    public override IEnumerable<(string Name, int Length)> Zeros(DecoderConfig config) => config.Mamba.ConvolutionBias ? []
        : Enumerable.Range(0, config.Layers).Where(layer => config.LayerKinds[layer].HasMamba)
            .Select(layer => (Table.NameOf(new(MambaInputConvolutionBias, layer)).Split('#')[0],
                config.Mamba.Channels + 2 * config.Mamba.StateChannels));

    protected override void DescribeOwn(DecoderConfig config, Action<string, object> add)
    {
        // Beside the RMS norm's, which is the one that counts; its loader asks for both.
        add("attention.layer_norm_epsilon", (float)config.NormEpsilon);
        add("ssm.conv_kernel", (uint)config.Mamba.Kernel);
        add("ssm.inner_size", (uint)config.Mamba.Channels);
        add("ssm.state_size", (uint)config.Mamba.StateSize);
        add("ssm.time_step_rank", (uint)config.Mamba.Heads);
        add("ssm.group_count", (uint)config.Mamba.Groups);
    }

    public override void ReadOwn(GgufKeys keys, JsonObject fields)
    {
        var layers = keys.Required("block_count");
        int[] heads = keys.OfLayers(KeyValueHeads, layers), widths = keys.OfLayers(FeedForward, layers);
        fields["hybrid_override_pattern"] =
            string.Concat(heads.Zip(widths, static (some, width) => width > 0 ? '-' : some > 0 ? '*' : 'M'));
        var mambaHeads = keys.Required("ssm.time_step_rank");
        fields["mamba_num_heads"] = mambaHeads;
        fields["mamba_head_dim"] = keys.Required("ssm.inner_size") / Math.Max(1, mambaHeads);
        fields["n_groups"] = keys.Required("ssm.group_count");
        fields["ssm_state_size"] = keys.Required("ssm.state_size");
        fields["conv_kernel"] = keys.Required("ssm.conv_kernel");
        fields["use_bias"] = false;
        // Where no layer is such a block the file does not say how wide one would be.
        if (widths.All(static width => width == 0))
            fields.Remove("intermediate_size");
    }
}

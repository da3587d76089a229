using Espalier.Models.Families;
using static Espalier.Models.ParameterRole;

namespace Espalier.Models.Gguf.Architectures;

/// <summary>
/// What llama.cpp's architectures with linear attention by the gated delta rule have in common: the sizes of it, which layers are
/// that, norms stored whole, and values as wide as keys.
/// </summary>
internal abstract class GatedDeltaArchitecture(string name, string family) : GgufArchitecture(name, family)
{
    // Every so manieth layer has full attention; or, in newer versions of llama.cpp, a number for each layer, 0 where it has.
    private const string Interval = "full_attention_interval", Recurrent = "attention.recurrent_layers";

    // Where the file has neither key.
    private const int UsualInterval = 4;

    protected override NormKind Norm => NormKind.RmsNorm1p;

    protected override bool TurnsPartly => true;

    protected override LayerKind Layer { get; } = new() { HeadNorms = HeadNormKind.EachHead, HasAttentionGate = true };

    protected override LayerKind WithoutKeys(LayerKind kind) => base.WithoutKeys(kind.HasDelta
        ? kind with { HasDelta = false, HasAttention = true, HeadNorms = HeadNormKind.EachHead, HasAttentionGate = true } : kind);

    protected override string? OwnObjection(DecoderConfig config) => config.Delta.HeadDim == config.Delta.StateSize ? null
        : $"the architecture {Name} needs values of linear attention as wide as keys; in this model a value has {config.Delta.HeadDim} "
            + $"entries (linear_value_head_dim) and a key {config.Delta.StateSize} (linear_key_head_dim). Cut linear-value-heads "
            + "instead of linear-value-head-dim, or export a Hugging Face folder";

    public override long[] ShapeOf(StoredTensor tensor, DecoderConfig config) =>
        ParameterSpec.Of(tensor.Parts[0].Parameter.Role).IsConvolution ? [tensor.Shape[0], tensor.Shape[^1]] : tensor.Stacked;

    /// <summary>The norm of linear attention is stored whole in the checkpoint too.</summary>
    public override float Shift(ParameterRole role) =>
        role is InputNorm or PostAttentionNorm or FinalNorm or QueryNorm or KeyNorm ? 1 : 0;

    protected override void DescribeOwn(DecoderConfig config, Action<string, object> add)
    {
        add("ssm.conv_kernel", (uint)config.Delta.Kernel);
        add("ssm.inner_size", (uint)config.Delta.Channels);
        add("ssm.state_size", (uint)config.Delta.StateSize);
        add("ssm.time_step_rank", (uint)config.Delta.Heads);
        add("ssm.group_count", (uint)config.Delta.Groups);
        // Older versions know the interval alone; they refuse a file whose layers it does not say, for tensors are missing then.
        if (LinearLayers.IntervalOf(config) is { } interval)
            add(Interval, (uint)interval);
        else
            add(Recurrent, Enumerable.Range(0, config.Layers).Select(layer => config.LayerKinds[layer].HasDelta ? 1u : 0).ToArray());
    }

    public override void ReadOwn(GgufKeys keys, JsonObject fields)
    {
        int layers = keys.Required("block_count"), interval = keys.Whole(Interval) ?? UsualInterval;
        LinearLayers.WriteTypes(keys.WholeOfSome(Recurrent) is null
            ? Enumerable.Range(1, layers).Select(layer => layer % Math.Max(1, interval) != 0)
            : keys.OfLayers(Recurrent, layers).Select(static one => one != 0), fields);
        var heads = keys.Required("ssm.time_step_rank");
        fields["linear_num_value_heads"] = heads;
        fields["linear_value_head_dim"] = keys.Required("ssm.inner_size") / Math.Max(1, heads);
        fields["linear_num_key_heads"] = keys.Required("ssm.group_count");
        fields["linear_key_head_dim"] = keys.Required("ssm.state_size");
        fields["linear_conv_kernel_dim"] = keys.Required("ssm.conv_kernel");
        base.ReadOwn(keys, fields);
    }
}

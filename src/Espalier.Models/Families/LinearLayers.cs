using Espalier.Models.Families.Fields;

namespace Espalier.Models.Families;

/// <summary>What Qwen3.5 and Qwen3-Next say of their layers: which are linear attention, and the sizes of those.</summary>
internal static class LinearLayers
{
    private const string Types = "layer_types", Interval = "full_attention_interval", Linear = "linear_attention", Foresight =
        "mtp_num_hidden_layers";

    // Every so manieth layer has full attention, where the file does not say.
    private const int UsualInterval = 4;

    private static readonly LayerKind s_full = new() { HeadNorms = HeadNormKind.EachHead, HasAttentionGate = true };

    private static readonly LayerKind s_linear = new() { HasAttention = false, HasDelta = true };

    public static DeltaConfig Sizes(ConfigFields fields) => new()
    {
        Heads = fields.Int("linear_num_value_heads"),
        HeadDim = fields.Int("linear_value_head_dim"),
        Groups = fields.Int("linear_num_key_heads"),
        StateSize = fields.Int("linear_key_head_dim"),
        Kernel = fields.Int("linear_conv_kernel_dim"),
    };

    /// <summary>The kind of each layer, from the input up, but for what its feed-forward block is.</summary>
    /// <exception cref="EspalierException">The list has another length, a kind is unknown, or attention has no gate.</exception>
    public static IEnumerable<LayerKind> KindsOf(ConfigFields fields, int layers)
    {
        if (fields.Says("attn_output_gate") && !fields.Bool("attn_output_gate"))
            throw fields.Wrong("attn_output_gate", "attention in this family has an output gate");
        if (!fields.Says(Types))
        {
            var interval = fields.OptionalInt(Interval) ?? UsualInterval;
            return Enumerable.Range(0, layers).Select(layer => (layer + 1) % interval == 0 ? s_full : s_linear);
        }
        var types = fields.Texts(Types);
        if (types.Count != layers)
            throw fields.Wrong(Types, $"it must have one entry for each of the {layers} layers");
        if (types.FirstOrDefault(type => type is not (Linear or LayerTypes.Full)) is not null)
            throw fields.Wrong(Types, $"each layer must be {Linear} or {LayerTypes.Full}");
        return types.Select(type => type == Linear ? s_linear : s_full);
    }

    /// <summary>
    /// Whether the layers are those that a program takes them for which goes by the interval alone, 4 where none is written.
    /// </summary>
    public static bool IntervalHolds(DecoderConfig config, JsonObject written) =>
        Holds((int)(ConfigJson.Number(written[Interval]) ?? UsualInterval), config);

    /// <summary>n where every n-th layer has full attention and no other; null where no n says so.</summary>
    public static int? IntervalOf(DecoderConfig config) =>
        Enumerable.Range(1, config.Layers).FirstOrDefault(interval => Holds(interval, config)) is > 0 and var found ? found : null;

    /// <summary>Writes which layers are which, and that no layers foresee further tokens.</summary>
    public static void Write(DecoderConfig target, JsonObject fields)
    {
        WriteTypes(Enumerable.Range(0, target.Layers).Select(layer => target.LayerKinds[layer].HasDelta), fields);
        // A program may go by the rule and not by the list, which wins elsewhere: it is the rule that holds, or none.
        if (fields.ContainsKey(Interval))
        {
            if (IntervalOf(target) is { } interval)
                ConfigJson.Set(fields, Interval, interval);
            else
                fields.Remove(Interval);
        }
        if (fields.ContainsKey(Foresight))
            ConfigJson.Set(fields, Foresight, 0);
    }

    /// <summary>Writes which layers are which.</summary>
    /// <param name="linear">For each layer whether it is linear attention.</param>
    /// <param name="fields">Receives it.</param>
    public static void WriteTypes(IEnumerable<bool> linear, JsonObject fields) =>
        fields[Types] = new JsonArray([.. linear.Select(one => JsonValue.Create(one ? Linear : LayerTypes.Full))]);

    private static bool Holds(int interval, DecoderConfig config) => Enumerable.Range(0, config.Layers)
        .All(layer => config.LayerKinds[layer].HasDelta == ((layer + 1) % interval != 0));
}

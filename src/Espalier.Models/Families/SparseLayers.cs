using Espalier.Models.Families.Fields;

namespace Espalier.Models.Families;

/// <summary>What the <c>config.json</c> of Qwen's mixtures of experts says of them: their sizes, and which layers they are.</summary>
internal static class SparseLayers
{
    // What transformers 5 writes for num_experts, which releases before it do not read.
    private const string NewerName = "num_local_experts", Name = "num_experts";

    public static string? FieldOf(Axis axis, JsonObject fields) =>
        axis == Axis.Experts && fields.ContainsKey(NewerName) ? NewerName : axis.Field;

    public static DecoderConfig Sizes(DecoderConfig common, ConfigFields fields) => common with
    {
        Experts = fields.Int(fields.Says(NewerName) ? NewerName : Name),
        ExpertIntermediateSize = fields.Int("moe_intermediate_size"),
    };

    /// <summary>Whether each layer has experts: where it is one of every so many and not named as one without them.</summary>
    public static IEnumerable<bool> Of(ConfigFields fields, int layers)
    {
        var (step, without) = (fields.Int("decoder_sparse_step"), fields.Ids("mlp_only_layers"));
        return Enumerable.Range(0, layers).Select(layer => (layer + 1) % step == 0 && !without.Contains(layer));
    }

    /// <summary>Writes what is no size of an axis.</summary>
    public static void Write(DecoderConfig target, JsonObject fields, JsonObject defaults)
    {
        // The default of the older name has no place beside the newer one.
        if (fields.ContainsKey(NewerName))
            fields.Remove(Name);
        var layers = Enumerable.Range(0, target.Layers).Select(layer => target.LayerKinds[layer].HasExperts).ToArray();
        if (Of(new(fields, defaults, "config.json"), target.Layers).SequenceEqual(layers))
            return;
        fields["decoder_sparse_step"] = 1;
        fields["mlp_only_layers"] =
            new JsonArray([.. layers.Index().Where(layer => !layer.Item).Select(layer => JsonValue.Create(layer.Index))]);
    }
}

using Espalier.Models.Families.Fields;

namespace Espalier.Models.Families;

/// <summary>The kinds of layers in the <c>config.json</c> of Qwen2 and Qwen3: all of full attention here.</summary>
internal static class QwenLayers
{
    private const string Types = "layer_types";

    /// <summary>Refuses windows in some layers and not in others, and kinds of layers that are none here.</summary>
    /// <exception cref="EspalierException">A layer has a window or is of another kind, or there are more or fewer kinds.</exception>
    public static void RequireFull(ConfigFields fields)
    {
        if (fields.Bool("use_sliding_window"))
            throw fields.Wrong("use_sliding_window",
                "windows in only some of the layers are not supported; models trained without windows set it to false");
        var (types, layers) = (fields.Texts(Types), fields.Int("num_hidden_layers"));
        if (fields.Says(Types) && types.Count != layers)
            throw fields.Wrong(Types, $"it must have one entry for each of the {layers} layers");
        if (types.Any(static type => type != LayerTypes.Full))
            throw fields.Wrong(Types, $"every layer must be {LayerTypes.Full} here");
    }

    /// <summary>One kind for each layer that stays.</summary>
    public static void Write(DecoderConfig target, JsonObject fields)
    {
        LayerTypes.Write(Enumerable.Repeat(false, target.Layers), fields);
        // What transformers writes where no layer has a window.
        fields["sliding_window"] = null;
    }
}

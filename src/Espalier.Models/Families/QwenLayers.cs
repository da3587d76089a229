using System.Text.Json.Nodes;
using Espalier.Models.Families.Fields;

namespace Espalier.Models.Families;

/// <summary>The kinds of layers in the <c>config.json</c> of Qwen2 and Qwen3: all of full attention here.</summary>
internal static class QwenLayers
{
    private const string Full = "full_attention";

    /// <summary>Refuses windows in some layers and not in others.</summary>
    /// <exception cref="EspalierException">A layer has a window.</exception>
    public static void RequireFull(ConfigFields fields)
    {
        if (fields.Bool("use_sliding_window"))
            throw fields.Wrong("use_sliding_window",
                "windows in some of the layers are not supported; models that were trained without them say false");
    }

    /// <summary>One kind for each layer that stays.</summary>
    public static void Write(DecoderConfig target, JsonObject fields)
    {
        fields["layer_types"] = new JsonArray([.. Enumerable.Repeat(Full, target.Layers).Select(kind => JsonValue.Create(kind))]);
        // What transformers writes where no layer has a window.
        fields["sliding_window"] = null;
    }
}

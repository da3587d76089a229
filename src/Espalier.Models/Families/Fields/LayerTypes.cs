namespace Espalier.Models.Families.Fields;

/// <summary><c>layer_types</c> and <c>sliding_window</c>: which layers of a <c>config.json</c> have the window.</summary>
internal static class LayerTypes
{
    /// <summary>A layer without a window.</summary>
    public const string Full = "full_attention";

    /// <summary>A layer with the window.</summary>
    public const string Sliding = "sliding_attention";

    private const string Field = "layer_types", Window = "sliding_window";

    /// <summary>The window of each layer, null where it has none.</summary>
    /// <param name="fields">The config.</param>
    /// <param name="layers">Layers.</param>
    /// <param name="slides">Whether a layer, from 0, has the window where the file does not say.</param>
    /// <exception cref="EspalierException">The list has another length, or a kind that is unknown.</exception>
    public static IReadOnlyList<int?> Windows(ConfigFields fields, int layers, Func<int, bool> slides)
    {
        var types = fields.Texts(Field);
        if (types.Count == 0)
            types = [.. Enumerable.Range(0, layers).Select(layer => slides(layer) ? Sliding : Full)];
        if (types.Count != layers)
            throw fields.Wrong(Field, $"it must have one entry for each of the {layers} layers");
        if (types.FirstOrDefault(type => type is not (Full or Sliding)) is not null)
            throw fields.Wrong(Field, $"each layer must be {Sliding} or {Full}");
        var window = fields.OptionalInt(Window);
        return [.. types.Select(type => type == Sliding ? window : null)];
    }

    /// <summary>Writes which layers have the window; where none of those that stay has one, <c>sliding_window</c> stays.</summary>
    public static void Write(DecoderConfig target, JsonObject fields)
    {
        var windows = Enumerable.Range(0, target.Layers).Select(layer => target.LayerKinds[layer].SlidingWindow).ToArray();
        Write(windows.Select(window => window is not null), fields);
        if (windows.FirstOrDefault(window => window is not null) is { } given)
            ConfigJson.Set(fields, Window, given);
    }

    /// <summary>Writes which layers have the window, from the input up.</summary>
    public static void Write(IEnumerable<bool> slides, JsonObject fields) =>
        fields[Field] = new JsonArray([.. slides.Select(slides => JsonValue.Create(slides ? Sliding : Full))]);
}

namespace Espalier.Models.Gguf.Architectures;

/// <summary>
/// llama.cpp's <c>attention.sliding_window_pattern</c>: every so manieth layer is without a window, from the first ones up. Layers that
/// stay after pruning may fit no such period.
/// </summary>
internal static class WindowPeriod
{
    /// <summary>The period p for which layer i, from 0, has a window where i mod p is below p − 1; null where none fits.</summary>
    public static int? Of(DecoderConfig config)
    {
        var windows = Enumerable.Range(0, config.Layers).Select(layer => config.LayerKinds[layer].SlidingWindow is not null).ToArray();
        // One more than there are layers: all have it. One: none has.
        return Enumerable.Range(1, config.Layers + 1).Cast<int?>().FirstOrDefault(
            period => windows.Index().All(layer => layer.Item == (layer.Index % period < period - 1)));
    }

    /// <summary>The window where the layers have one in every other layer from the first, or none at all; null otherwise.</summary>
    public static int? OfEveryOther(DecoderConfig config)
    {
        var windows = Enumerable.Range(0, config.Layers).Select(layer => config.LayerKinds[layer].SlidingWindow).ToArray();
        return windows.Select((window, layer) => window == (layer % 2 == 0 ? windows[0] : null)).All(fits => fits) ? windows[0] : null;
    }

    /// <summary>Why the layers cannot be said by a period; null where they can.</summary>
    public static string? Objection(DecoderConfig config, string architecture) => Of(config) is not null ? null
        : $"the architecture {architecture} has layers without a window at a fixed interval, and the "
            + $"{config.LayerKinds.Count(kind => kind.SlidingWindow is null)} of this model's {config.Layers} layers without one are "
            + "elsewhere; choose layers that fit, or keep all of them";

    /// <summary>The window; longer than any text where no layer has one.</summary>
    public static uint Window(DecoderConfig config) =>
        (uint)(config.LayerKinds.Select(kind => kind.SlidingWindow).FirstOrDefault(window => window is not null) ?? config.MaxPositions);
}

namespace Espalier.Cli.Commands.Shared;

/// <summary>How many layers a model has of which kind, where they are of several.</summary>
internal static class LayersText
{
    /// <summary>
    /// Such as <c>52 (27 Mamba, 4 attention, 21 feed-forward)</c>, by first appearance, or <c>24 with experts (12 with a window of 128, 12
    /// with full attention)</c>; null where all are alike and have no experts.
    /// </summary>
    internal static string? Of(DecoderConfig config)
    {
        var all = config.LayerKinds.All(kind => kind.HasExperts) ? $"{config.Layers} with experts" : null;
        if (config.LayerKinds.AreAlike)
            return all;
        var counts = config.LayerKinds.CountBy(kind => NameOf(kind, config.LayerKinds)).Where(entry => entry.Key.Length > 0);
        var text = string.Join(", ", counts.Select(entry => $"{entry.Value} {entry.Key}"));
        return text.Length > 0 ? $"{all ?? $"{config.Layers}"} ({text})" : all;
    }

    // What the layers differ in and a reader of the papers has a word for; the rest (scales, thetas) goes along with it.
    private static string NameOf(LayerKind kind, LayerKinds all)
    {
        var words = new List<string>();
        if (all.Any(one => one.IsHalf))
            words.Add(kind.HasMamba ? "Mamba" : kind.HasAttention ? "attention" : kind.HasExperts ? "experts" : "feed-forward");
        if (!all.Any(one => one.IsHalf) && Differ(one => one.HasDelta))
            words.Add(kind.HasDelta ? "linear attention" : "attention");
        if (!all.Any(one => one.IsHalf) && Differ(one => one.HasExperts))
            words.Add(kind.HasExperts ? "with experts" : "dense");
        if (kind.HasAttention && all.Where(one => one.HasAttention).Select(one => one.SlidingWindow).Distinct().Count() > 1)
            words.Add(kind.SlidingWindow is { } window ? $"with a window of {window}" : "with full attention");
        if (kind.HasAttention && all.Where(one => one.HasAttention).Select(one => one.IsRotary).Distinct().Count() > 1)
            words.Add(kind.IsRotary ? "with rotary positions" : "without positions");
        return string.Join(' ', words);

        bool Differ(Func<LayerKind, bool> has) => all.Any(has) && !all.All(has);
    }
}

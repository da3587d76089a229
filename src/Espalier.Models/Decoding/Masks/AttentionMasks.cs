namespace Espalier.Models.Masks;

/// <summary>The additive masks of a model's attention, one for each window that its layers have.</summary>
internal abstract class AttentionMasks : IDisposable
{
    /// <summary>
    /// 0 where a query may look, −∞ elsewhere: [T, S], or [B, 1, 1, T, S] where rows differ. Null where all keys up to a query's own may
    /// be seen. The mask's owner is this object.
    /// </summary>
    /// <param name="window">Keys that a query sees, its own included, or null for all.</param>
    /// <param name="T">Queries, the last of the positions.</param>
    /// <param name="S">Keys.</param>
    public abstract Tensor? For(int? window, long T, long S);

    public abstract void Dispose();
}

/// <summary>Masks of rows that are one text each, kept from pass to pass.</summary>
internal sealed class CausalMasks(DecoderConfig config, DType dtype, Device device) : AttentionMasks
{
    private readonly (int? Window, CausalMask Mask)[] _masks =
        [.. config.LayerKinds.Select(kind => kind.SlidingWindow).Distinct()
            .Select(window => (window, new CausalMask(window, dtype, device)))];

    public override Tensor? For(int? window, long T, long S) => Array.Find(_masks, mask => mask.Window == window).Mask.For(T, S);

    public override void Dispose()
    {
        foreach (var (_, mask) in _masks)
            mask.Dispose();
    }
}

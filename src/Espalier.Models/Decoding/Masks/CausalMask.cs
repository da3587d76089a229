namespace Espalier.Models.Masks;

/// <summary>
/// The additive mask of causal attention with a window: 0 where a query may look, −∞ elsewhere. Kept for the shape last asked for, since a
/// run asks for the same again and again.
/// </summary>
internal sealed class CausalMask(int? window, DType dtype, Device device) : IDisposable
{
    private readonly Lock _gate = new();
    private Tensor? _mask_TS;

    /// <summary>
    /// [T, S] for queries at positions S − T ... S − 1; null where each may see all keys up to its own. The mask's owner is this object.
    /// </summary>
    public Tensor? For(long T, long S)
    {
        if (window is null || S <= window)
            return null;
        lock (_gate)
        {
            if (_mask_TS is null || _mask_TS.Size(0) != T || _mask_TS.Size(1) != S)
            {
                _mask_TS?.Dispose();
                _mask_TS = Make(T, S);
            }
            return _mask_TS;
        }
    }

    public void Dispose() => _mask_TS?.Dispose();

    private Tensor Make(long T, long S)
    {
        var values = new double[T * S];
        for (var t = 0L; t < T; t++)
        {
            var position = S - T + t;
            for (var s = 0L; s < S; s++)
                if (s > position || (window is { } w && s <= position - w))
                    values[t * S + s] = double.NegativeInfinity;
        }
        using var scope = TensorScope.Begin();
        return scope.Keep(Tensor.From<double>(values, T, S).To(dtype).On(device)).Unscoped();
    }
}

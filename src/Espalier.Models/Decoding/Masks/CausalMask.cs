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

    // By the device: a host's array would be quadratic.
    private Tensor Make(long T, long S)
    {
        using var scope = TensorScope.Begin();
        var mask_TS = Tensor.Full(double.NegativeInfinity, dtype, device, T, S).Triu((int)(S - T) + 1);
        // What a window has behind it: the lower triangle, which is the upper one of the turned matrix.
        mask_TS.AddInPlace(
            Tensor.Full(double.NegativeInfinity, dtype, device, S, T).Triu((int)(window!.Value - S + T)).Transpose(0, 1));
        return scope.Keep(mask_TS).Unscoped();
    }
}

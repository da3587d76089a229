namespace Espalier.Models.Rotary;

/// <summary>
/// Cosines and sines of a pass's positions, of each rotary embedding that layers have. The first lies here and not on the heap: most models
/// have no other, and a step is made without garbage.
/// </summary>
/// <param name="First">Those of the first embedding.</param>
/// <param name="Others">Those of the others; null where there are none.</param>
internal readonly record struct RotaryPass((Tensor Cos, Tensor Sin) First, (Tensor Cos, Tensor Sin)[]? Others)
{
    /// <summary>Those of an embedding of <see cref="DecoderConfig.Rotaries"/>.</summary>
    public (Tensor Cos, Tensor Sin) this[int rotary] => rotary == 0 ? First : Others![rotary - 1];

    /// <summary>All of them, in the order of <see cref="DecoderConfig.Rotaries"/>.</summary>
    public IEnumerable<(Tensor Cos, Tensor Sin)> All => [First, .. Others ?? []];

    /// <summary>Disposes them, where they belong to no scope.</summary>
    public void Dispose()
    {
        foreach (var (cos, sin) in All)
        {
            cos.Dispose();
            sin.Dispose();
        }
    }
}

namespace Espalier.Models.Rotary;

/// <summary>
/// The table of one rotary embedding, for texts up to the length that was trained with or for longer ones, which grows with the positions
/// that are asked for.
/// </summary>
internal sealed class RotaryTable : IDisposable
{
    private readonly double[] _frequencies;
    private readonly double _amplitude;
    private readonly DType _dtype;
    private readonly Device _device;
    private readonly Lock _gate = new();
    private Tensor? _cos_P1R;
    private Tensor? _sin_P1R;

    /// <param name="rotary">The embedding.</param>
    /// <param name="headDim">Entries of a head.</param>
    /// <param name="dtype">Type of the table.</param>
    /// <param name="device">Where it lies.</param>
    /// <param name="isLong">Whether texts are longer than the length that was trained with; only LongRoPE asks.</param>
    public RotaryTable(RotaryConfig rotary, int headDim, DType dtype, Device device, bool isLong)
    {
        _frequencies = RotaryFrequencies.Of(rotary, (int)(headDim * rotary.Fraction), isLong);
        _amplitude = rotary.Scaling switch
        {
            RotaryScaling.Yarn yarn => yarn.AttentionFactor,
            LongRope scaling => scaling.AttentionFactor,
            _ => 1.0,
        };
        (_dtype, _device) = (dtype, device);
    }

    /// <summary>cos and sin for positions start ≤ p &lt; start + count, each [T, 1, R/2]. The caller's scope owns them.</summary>
    public (Tensor Cos, Tensor Sin) At(long start, long count)
    {
        lock (_gate)
        {
            if (_cos_P1R is null || _cos_P1R.Size(0) < start + count)
                Grow(Math.Max(512, start + count));
            return (_cos_P1R!.Slice(0, start, start + count), _sin_P1R!.Slice(0, start, start + count));
        }
    }

    public void Dispose()
    {
        _cos_P1R?.Dispose();
        _sin_P1R?.Dispose();
    }

    private void Grow(long positions)
    {
        var width = _frequencies.Length;
        var cos = new double[positions * width];
        var sin = new double[positions * width];
        for (var p = 0L; p < positions; p++)
        {
            for (var i = 0; i < width; i++)
            {
                var angle = p * _frequencies[i];
                cos[p * width + i] = Math.Cos(angle) * _amplitude;
                sin[p * width + i] = Math.Sin(angle) * _amplitude;
            }
        }
        Dispose();
        _cos_P1R = Table(cos, positions);
        _sin_P1R = Table(sin, positions);
    }

    private Tensor Table(double[] values, long positions)
    {
        using var scope = TensorScope.Begin();
        return scope.Keep(Tensor.From<double>(values, positions, 1, _frequencies.Length).To(_dtype).On(_device)).Unscoped();
    }
}

using Espalier.Torch;

namespace Espalier.Models;

// Shapes: B batch, T time, N heads, H head width, R entries of a head that turn, P positions in the table.

/// <summary>
/// The tables of rotary position embedding (arXiv 2104.09864), one pair for each embedding that layers have
/// (<see cref="DecoderConfig.Rotaries"/>), in the halves convention of Hugging Face checkpoints:
/// <see cref="RotaryOperators.Rotate"/> turns by them. Frequencies and tables are computed in double and rounded once.
/// </summary>
internal sealed class RotaryTables(DecoderConfig config, DType dtype, Device device) : IDisposable
{
    private readonly RotaryTable[] _tables = [.. config.Rotaries.Select(rotary => new RotaryTable(rotary, config.HeadDim, dtype, device))];

    /// <summary>cos and sin for positions start ≤ p &lt; start + count, each [T, 1, R/2]. The caller's scope owns them.</summary>
    public RotaryPass At(long start, long count)
    {
        if (_tables.Length == 1)
            return new(_tables[0].At(start, count), null);
        var others = new (Tensor, Tensor)[_tables.Length - 1];
        for (var i = 0; i < others.Length; i++)
            others[i] = _tables[i + 1].At(start, count);
        return new(_tables[0].At(start, count), others);
    }

    /// <summary>cos and sin of places, each [.., 1, R/2] with the places' shape before; they belong to no scope.</summary>
    /// <param name="places">The places, Int64, on this device.</param>
    /// <param name="count">One more than the furthest of them.</param>
    /// <param name="shape">Their shape.</param>
    public RotaryPass Of(Tensor places, long count, params ReadOnlySpan<long> shape)
    {
        using var scope = TensorScope.Begin();
        long[] to = [.. shape, 1, -1];
        (Tensor, Tensor) Rows((Tensor Cos, Tensor Sin) table) =>
            (table.Cos.IndexSelect(0, places).View(to).Unscoped(), table.Sin.IndexSelect(0, places).View(to).Unscoped());
        var all = At(0, count);
        return new(Rows(all.First), all.Others is { } others ? [.. others.Select(Rows)] : null);
    }

    public void Dispose()
    {
        foreach (var table in _tables)
            table.Dispose();
    }
}

namespace Espalier.Models.Rotary;

// Shapes: B batch, T time, N heads, H head width, R entries of a head that turn, P positions in the table.

/// <summary>
/// The tables of rotary position embedding (arXiv 2104.09864), one pair for each embedding that layers have
/// (<see cref="DecoderConfig.Rotaries"/>), in the halves convention of Hugging Face checkpoints:
/// <see cref="RotaryOperators.Rotate"/> turns by them. Frequencies and tables are computed in double and rounded once. Texts longer than
/// <see cref="DecoderConfig.LongAfter"/> have tables of their own.
/// </summary>
internal sealed class RotaryTables : IDisposable
{
    private readonly RotaryTable[] _short, _long;
    private readonly int _longAfter;
    private readonly Device _device;

    public RotaryTables(DecoderConfig config, DType dtype, Device device)
    {
        RotaryTable[] Of(bool isLong) => [.. config.Rotaries.Select(one => new RotaryTable(one, config.HeadDim, dtype, device, isLong))];
        (_longAfter, _device) = (config.LongAfter, device);
        _short = Of(isLong: false);
        _long = _longAfter == int.MaxValue ? _short : Of(isLong: true);
    }

    /// <summary>cos and sin for positions start ≤ p &lt; start + count, each [T, 1, R/2], of a text that ends there. The caller's scope
    /// owns them.</summary>
    public RotaryPass At(long start, long count) => At(start, count, start + count > _longAfter);

    /// <summary>The same of a text that is long, or not, whatever its positions here.</summary>
    public RotaryPass At(long start, long count, bool isLong)
    {
        var tables = isLong ? _long : _short;
        if (tables.Length == 1)
            return new(tables[0].At(start, count), null);
        var others = new (Tensor, Tensor)[tables.Length - 1];
        for (var i = 0; i < others.Length; i++)
            others[i] = tables[i + 1].At(start, count);
        return new(tables[0].At(start, count), others);
    }

    /// <summary>cos and sin of places, each [.., 1, R/2] with the places' shape before; they belong to no scope.</summary>
    /// <param name="places">The places, each of a token in its text; a text begins at 0.</param>
    /// <param name="texts">The length of each token's text.</param>
    /// <param name="shape">Their shape.</param>
    public RotaryPass Of(ReadOnlySpan<long> places, ReadOnlySpan<long> texts, params ReadOnlySpan<long> shape)
    {
        using var scope = TensorScope.Begin();
        var (count, rows, hasLong) = (0L, places.ToArray(), false);
        foreach (var place in places)
            count = Math.Max(count, place + 1);
        for (var i = 0; i < rows.Length; i++)
            if (texts[i] > _longAfter)
                (rows[i], hasLong) = (rows[i] + count, true);
        var index = Tensor.From<long>(rows, rows.Length).On(_device);
        // Long texts read from a second table, which lies after the first.
        var (first, second) = (At(0, count, isLong: false), hasLong ? At(0, count, isLong: true) : default);
        long[] to = [.. shape, 1, -1];
        Tensor Rows(Tensor one, Tensor? other) =>
            (other is null ? one : Tensor.Cat(0, one, other)).IndexSelect(0, index).View(to).Unscoped();
        (Tensor, Tensor) Pair(int rotary) => (
            Rows(first[rotary].Cos, hasLong ? second[rotary].Cos : null), Rows(first[rotary].Sin, hasLong ? second[rotary].Sin : null));
        return new(Pair(0), first.Others is { } others ? [.. Enumerable.Range(1, others.Length).Select(Pair)] : null);
    }

    public void Dispose()
    {
        foreach (var table in _short.Union(_long))
            table.Dispose();
    }
}

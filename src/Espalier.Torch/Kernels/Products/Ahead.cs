using System.Runtime.CompilerServices;

namespace Espalier.Torch.Kernels.Products;

/// <summary>
/// Rows of memory that will soon be read, asked for line by line while something else is computed: one line of each of many rows, then the
/// next line of these; of rows that lie side by side one line after the other.
/// </summary>
internal unsafe struct Ahead
{
    private const int Floats = 16;

    private float* _from;
    private long _step, _lines, _line, _row;
    private bool _isOne;

    public static Ahead None => default;

    /// <summary>Rows a step apart, so many floats of each.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Ahead Of(float* from, long step, long length) =>
        new() { _from = from, _step = step, _lines = (length + Floats - 1) / Floats, _isOne = step == length };

    /// <summary>
    /// A line of the next <paramref name="count"/> rows, or that many lines, where these begin before the row of the bound; else false.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool Take(long count, long bound, ref float* from, ref long step)
    {
        if (_isOne)
        {
            if (_line * Floats >= bound * _step)
                return false;
            from = _from + _line * Floats;
            step = Floats;
            _line += count;
            return true;
        }
        if (_row >= bound || _line >= _lines)
            return false;
        from = _from + _row * _step + _line * Floats;
        step = _step;
        if (++_line == _lines)
            (_line, _row) = (0, _row + count);
        return true;
    }
}

using System.Runtime.CompilerServices;

namespace Espalier.Torch.Kernels;

/// <summary>What attention does with a row of scores or outputs; scores come in whole vectors.</summary>
internal static unsafe class AttentionRows
{
    /// <summary>Sets what is outside [from, to) of [begin, end) to −∞.</summary>
    public static void Hide(float* row, long begin, long from, long end, long to)
    {
        for (var s = begin; s < from; s++)
            row[s] = float.NegativeInfinity;
        for (var s = to; s < end; s++)
            row[s] = float.NegativeInfinity;
    }

    /// <summary>row = cap · tanh(row · scale / cap), and the derivatives of that where there is room for them.</summary>
    public static void Cap(float* row, long count, float scale, float cap, float* slopes = null)
    {
        for (var s = 0L; s < count; s++)
        {
            var bent = MathF.Tanh(row[s] * scale / cap);
            row[s] = cap * bent;
            if (slopes != null)
                slopes[s] = scale * (1 - bent * bent);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Largest<TV>(float* row, long count) where TV : unmanaged, IFloats<TV>
    {
        var top = TV.Load(row);
        for (var s = (long)TV.Lanes; s < count; s += TV.Lanes)
            top = TV.Larger(top, TV.Load(row + s));
        return top.Largest();
    }

    /// <summary>row = exp(row · scale − top), and its sum.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Exponentials<TV>(float* row, long count, float scale, float top) where TV : unmanaged, IFloats<TV>
    {
        TV total = TV.All(0), by = TV.All(scale), shift = TV.All(-top);
        for (var s = 0L; s < count; s += TV.Lanes)
        {
            var e = TV.Exponential(TV.MultiplyAdd(TV.Load(row + s), by, shift));
            e.Store(row + s);
            total += e;
        }
        return total.Sum();
    }

    /// <summary>y = (y · kept + c) · share; y = c · share where nothing is kept, whatever y was.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Join<TV>(float* c, float* y, long H, float kept, float share) where TV : unmanaged, IFloats<TV>
    {
        TV keep = TV.All(kept), by = TV.All(share);
        var h = 0L;
        for (; h + TV.Lanes <= H; h += TV.Lanes)
        {
            var sum = TV.Load(c + h);
            if (kept != 0)
                sum = TV.MultiplyAdd(TV.Load(y + h), keep, sum);
            (sum * by).Store(y + h);
        }
        for (; h < H; h++)
            y[h] = (kept != 0 ? y[h] * kept + c[h] : c[h]) * share;
    }

    /// <summary>
    /// Scores become weights, exp(score · scale − top) · share, and gradients of weights those of scores, scale · weight · (gradient −
    /// dot).
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Weights<TV>(float* scores, float* slopes, long count, float scale, float top, float share, float dot)
        where TV : unmanaged, IFloats<TV>
    {
        TV by = TV.All(scale), shift = TV.All(-top), part = TV.All(share), minus = TV.All(dot);
        for (var s = 0L; s < count; s += TV.Lanes)
        {
            var weight = TV.Exponential(TV.MultiplyAdd(TV.Load(scores + s), by, shift)) * part;
            weight.Store(scores + s);
            (weight * by * (TV.Load(slopes + s) - minus)).Store(slopes + s);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Dot<TV>(float* a, float* b, long n) where TV : unmanaged, IFloats<TV>
    {
        var total = TV.All(0);
        var i = 0L;
        for (; i + TV.Lanes <= n; i += TV.Lanes)
            total = TV.MultiplyAdd(TV.Load(a + i), TV.Load(b + i), total);
        var sum = total.Sum();
        for (; i < n; i++)
            sum += a[i] * b[i];
        return sum;
    }
}

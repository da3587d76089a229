using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Espalier.Torch.Kernels.Vectors;

namespace Espalier.Torch.Kernels.Attention;

/// <summary>What attention does with a row of scores or outputs; scores come in whole vectors.</summary>
internal static unsafe class AttentionRows
{
    /// <summary>log2 e: a weight is a power of two, which takes less than one of e.</summary>
    public const float Log2OfE = 1.44269504f;

    /// <summary>Sets what is outside [from, to) of [begin, end) to −∞.</summary>
    public static void Hide(float* row, long begin, long from, long end, long to)
    {
        new Span<float>(row + begin, (int)(from - begin)).Fill(float.NegativeInfinity);
        new Span<float>(row + to, (int)(end - to)).Fill(float.NegativeInfinity);
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

    /// <summary>
    /// row = 2^((row − top) · scale), and its sum by lane; the difference first, so that the largest of huge scores is 1 too.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TV Exponentials<TV>(float* row, long count, float scale, float top) where TV : unmanaged, IFloats<TV>
    {
        TV total = TV.All(0), by = TV.All(scale), from = TV.All(top);
        for (var s = 0L; s < count; s += TV.Lanes)
        {
            var e = TV.ExponentialOfTwo((TV.Load(row + s) - from) * by);
            e.Store(row + s);
            total += e;
        }
        return total;
    }

    /// <summary>
    /// A row's largest score and its sum of exponentials with that of a sink, and what the exponentials before are multiplied by for that:
    /// 1, but where the sink is above them.
    /// </summary>
    /// <param name="top">The largest score.</param>
    /// <param name="sum">The sum of e^((score − top) · scale).</param>
    /// <param name="sink">The sink, which nothing multiplies.</param>
    /// <param name="scale">What scores are still multiplied by.</param>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static (float Top, float Sum, float By) WithSink(float top, float sum, float sink, float scale)
    {
        var above = sink - top * scale;
        if (!(above > 0))
            return (top, sum + MathF.Exp(above), 1);
        var by = MathF.Exp(-above);
        return (sink / scale, sum * by + 1, by);
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
    /// Scores become weights, 2^((score − top) · scale · log2 e) · share, and gradients of weights those of scores, scale · weight ·
    /// (gradient − dot).
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Weights<TV>(float* scores, float* slopes, long count, float scale, float top, float share, float dot)
        where TV : unmanaged, IFloats<TV>
    {
        TV by = TV.All(scale), power = TV.All(scale * Log2OfE), from = TV.All(top), part = TV.All(share), minus = TV.All(dot);
        for (var s = 0L; s < count; s += TV.Lanes)
        {
            var weight = TV.ExponentialOfTwo((TV.Load(scores + s) - from) * power) * part;
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

    /// <summary>Products that <see cref="Dots"/> sums side by side.</summary>
    public const int Side = 4;

    /// <summary>
    /// a · b of one a and up to four b, each in the order of <see cref="Dot"/> however many there are; four numbers are written, of which
    /// as many count.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Dots<TV>(float* a, float* b, long step, long count, long n, float* to) where TV : unmanaged, IFloats<TV>
    {
        float* c = b + Math.Min(1, count - 1) * step, d = b + Math.Min(2, count - 1) * step, e = b + Math.Min(3, count - 1) * step;
        TV sb = TV.All(0), sc = TV.All(0), sd = TV.All(0), se = TV.All(0);
        var i = 0L;
        for (; i + TV.Lanes <= n; i += TV.Lanes)
        {
            var at = TV.Load(a + i);
            sb = TV.MultiplyAdd(at, TV.Load(b + i), sb);
            sc = TV.MultiplyAdd(at, TV.Load(c + i), sc);
            sd = TV.MultiplyAdd(at, TV.Load(d + i), sd);
            se = TV.MultiplyAdd(at, TV.Load(e + i), se);
        }
        TV.Sums(sb, sc, sd, se).Store(to);
        for (; i < n; i++)
        {
            to[0] += a[i] * b[i];
            to[1] += a[i] * c[i];
            to[2] += a[i] * d[i];
            to[3] += a[i] * e[i];
        }
    }
}

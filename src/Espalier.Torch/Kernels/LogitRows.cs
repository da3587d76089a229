using System.Runtime.CompilerServices;

namespace Espalier.Torch.Kernels;

/// <summary>What losses do with a row of logits.</summary>
internal static unsafe class LogitRows
{
    /// <summary>Terms that are added in float32 before they join a sum in float64.</summary>
    public const long Terms = 1024;

    /// <summary>The largest logit.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Top<TV>(float* x, long n) where TV : unmanaged, IFloats<TV>
    {
        var tops = TV.All(float.NegativeInfinity);
        var i = 0L;
        for (; i + TV.Lanes <= n; i += TV.Lanes)
        {
            Series.Ask(x + i + Series.Ahead);
            tops = TV.Larger(TV.Load(x + i), tops);
        }
        var top = tops.Largest();
        for (; i < n; i++)
            top = x[i] > top ? x[i] : top;
        return top;
    }

    /// <summary>Σ exp(x − top), in float64 over sums of <see cref="Terms"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double SumOfExponentials<TV>(float* x, float top, long n) where TV : unmanaged, IFloats<TV>
    {
        var shift = TV.All(top);
        var sum = 0.0;
        var whole = n / TV.Lanes * TV.Lanes;
        for (var from = 0L; from < whole; from += Terms)
        {
            TV even = TV.All(0), odd = TV.All(0);
            var (i, to) = (from, Math.Min(whole, from + Terms));
            for (; i + 2 * TV.Lanes <= to; i += 2 * TV.Lanes)
            {
                even += TV.Exponential(TV.Load(x + i) - shift);
                odd += TV.Exponential(TV.Load(x + i + TV.Lanes) - shift);
            }
            for (; i < to; i += TV.Lanes)
                even += TV.Exponential(TV.Load(x + i) - shift);
            sum += (even + odd).Sum();
        }
        if (whole < n)
            sum += TV.Exponential(Tail.Load<TV>(x + whole, n - whole, float.NegativeInfinity) - shift).Sum();
        return sum;
    }

    /// <summary>x = exp(x − top), and its sum, as <see cref="SumOfExponentials"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double Exponentials<TV>(float* x, float top, long n) where TV : unmanaged, IFloats<TV>
    {
        var shift = TV.All(top);
        var sum = 0.0;
        for (var from = 0L; from < n; from += Terms)
        {
            var part = TV.All(0);
            var (i, to) = (from, Math.Min(n, from + Terms));
            for (; i + TV.Lanes <= to; i += TV.Lanes)
            {
                var e = TV.Exponential(TV.Load(x + i) - shift);
                e.Store(x + i);
                part += e;
            }
            if (i < to)
            {
                var e = TV.Exponential(Tail.Load<TV>(x + i, to - i, float.NegativeInfinity) - shift);
                Tail.Store(e, x + i, to - i);
                part += e;
            }
            sum += part.Sum();
        }
        return sum;
    }

    /// <summary>x = x · factor.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Scale<TV>(float* x, float factor, long n) where TV : unmanaged, IFloats<TV>
    {
        var by = TV.All(factor);
        var i = 0L;
        for (; i + TV.Lanes <= n; i += TV.Lanes)
            (TV.Load(x + i) * by).Store(x + i);
        for (; i < n; i++)
            x[i] *= factor;
    }
}

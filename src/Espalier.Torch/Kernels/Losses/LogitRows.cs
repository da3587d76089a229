using System.Runtime.CompilerServices;
using Espalier.Torch.Kernels.Vectors;

namespace Espalier.Torch.Kernels.Losses;

/// <summary>What losses do with a row of logits.</summary>
internal static unsafe class LogitRows
{
    /// <summary>Terms that are added in float32 before they join a sum in float64.</summary>
    public const long Terms = 1024;

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

    /// <summary>
    /// x = (x − top) · by, e = exp(x), and the sum of these; where e is x it becomes the exponentials. Of whole vectors, with memory for
    /// 16 doubles.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double Exponentials<TV>(float* x, float* e, float by, double* memory, long n) where TV : unmanaged, IFloats<TV>
    {
        TV shift = TV.All(Top<TV>(x, n)), times = TV.All(by);
        var sum = new WideSums(memory);
        for (var i = 0L; i < n; i += TV.Lanes)
        {
            var a = (TV.Load(x + i) - shift) * times;
            var power = TV.Exponential(a);
            a.Store(x + i);
            power.Store(e + i);
            sum.Add(power);
        }
        return sum.Total();
    }

    /// <summary>s = e (slope − mean) · factor, e in s; the mean in two parts, so that what is near it loses nothing.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Slope<TV>(float* s, float* slope, double mean, double factor, long n) where TV : unmanaged, IFloats<TV>
    {
        TV near = TV.All((float)mean), rest = TV.All((float)(mean - (float)mean)), by = TV.All((float)factor);
        for (var i = 0L; i < n; i += TV.Lanes)
            (TV.Load(s + i) * (TV.Load(slope + i) - near - rest) * by).Store(s + i);
    }

    /// <summary>
    /// The cosine of two rows and what each is multiplied by to have length 1, with memory for 48 doubles. A row of zeros has no direction:
    /// its factor is 0, and the cosine with it, as PyTorch's <c>cosine_similarity</c> has it. Of whole vectors.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static (double Cosine, double ToUnitS, double ToUnitT) Cosine<TV>(float* s, float* t, double* memory, long n)
        where TV : unmanaged, IFloats<TV>
    {
        WideSums squaresS = new(memory), squaresT = new(memory + WideSums.Lanes), products = new(memory + 2 * WideSums.Lanes);
        for (var i = 0L; i < n; i += TV.Lanes)
        {
            TV x = TV.Load(s + i), y = TV.Load(t + i);
            squaresS.Add(x * x);
            squaresT.Add(y * y);
            products.Add(x * y);
        }
        var (ofS, ofT) = (squaresS.Total(), squaresT.Total());
        return (ofS == 0 || ofT == 0 ? 0 * (ofS + ofT) : products.Total() / Math.Sqrt(ofS * ofT),
            ofS == 0 ? 0 : 1 / Math.Sqrt(ofS), ofT == 0 ? 0 : 1 / Math.Sqrt(ofT));
    }

    /// <summary>A row of bfloat16, widened.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float* Widened<TV>(Bf16* from, float* to, long n) where TV : unmanaged, IFloats<TV>
    {
        var i = 0L;
        for (; i + TV.Lanes <= n; i += TV.Lanes)
            TV.LoadBFloat16((ushort*)from + i).Store(to + i);
        for (; i < n; i++)
            to[i] = from[i].Wide;
        return to;
    }

    /// <summary>A row rounded to bfloat16, each once.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Narrow<TV>(float* from, Bf16* to, long n) where TV : unmanaged, IFloats<TV>
    {
        var i = 0L;
        for (; i + TV.Lanes <= n; i += TV.Lanes)
            TV.Load(from + i).Store(to + i);
        for (; i < n; i++)
            to[i] = Bf16.Of(from[i]);
    }
}

using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Espalier.Models.Gguf.Quantization;

/// <summary>
/// Sums over a block for one candidate of its numbers, eight lanes at a time: the inner loops of every search. Lanes are added in one order
/// and nothing is fused, so that the result is the same on every processor. Lengths are multiples of eight.
/// </summary>
internal static class BlockSums
{
    private const int Lanes = 8;

    /// <summary>With q = round(x · inverse) between two limits: the sums of w·x·q and of w·q².</summary>
    public static (float XQ, float QQ) Symmetric(ReadOnlySpan<float> x, ReadOnlySpan<float> w, float inverse, float least, float most)
    {
        Vector256<float> xq = default, qq = default, by = Vector256.Create(inverse), low = Vector256.Create(least),
        high = Vector256.Create(most);
        for (var i = 0; i < x.Length; i += Lanes)
        {
            var (value, weight) = (At(x, i), At(w, i));
            var q = Quants(value * by, low, high);
            var weighted = weight * q;
            xq += weighted * value;
            qq += weighted * q;
        }

        return (Sum(xq), Sum(qq));
    }

    /// <summary>The sum of w·(d·q - x)² with q = round(x / d) between two limits.</summary>
    public static float SymmetricError(ReadOnlySpan<float> x, ReadOnlySpan<float> w, float d, float least, float most)
    {
        Vector256<float> sum = default, by = Vector256.Create(Inverse(d)), scale = Vector256.Create(d), low = Vector256.Create(least),
            high = Vector256.Create(most);
        for (var i = 0; i < x.Length; i += Lanes)
        {
            var value = At(x, i);
            var error = scale * Quants(value * by, low, high) - value;
            sum += At(w, i) * error * error;
        }

        return Sum(sum);
    }

    /// <summary>With q = round((x - least) · inverse) from 0 to a limit: the sums of w·q, w·q² and w·x·q.</summary>
    public static (float Q, float QQ, float XQ) Affine(ReadOnlySpan<float> x, ReadOnlySpan<float> w, float inverse, float least, float most)
    {
        Vector256<float> sq = default, qq = default, xq = default, by = Vector256.Create(inverse), from = Vector256.Create(least),
            high = Vector256.Create(most);
        for (var i = 0; i < x.Length; i += Lanes)
        {
            var value = At(x, i);
            var q = Quants((value - from) * by, Vector256<float>.Zero, high);
            var weighted = At(w, i) * q;
            sq += weighted;
            qq += weighted * q;
            xq += weighted * value;
        }

        return (Sum(sq), Sum(qq), Sum(xq));
    }

    /// <summary>The sum of w·(d·q - m - x)² with q = round((x + m) / d) from 0 to a limit.</summary>
    public static float AffineError(ReadOnlySpan<float> x, ReadOnlySpan<float> w, float d, float m, float most)
    {
        Vector256<float> sum = default, by = Vector256.Create(Inverse(d)), scale = Vector256.Create(d), min = Vector256.Create(m),
            high = Vector256.Create(most);
        for (var i = 0; i < x.Length; i += Lanes)
        {
            var value = At(x, i);
            var error = scale * Quants((value + min) * by, Vector256<float>.Zero, high) - min - value;
            sum += At(w, i) * error * error;
        }

        return Sum(sum);
    }

    /// <summary>The sums of w, w·x and w·x².</summary>
    public static (float W, float X, float XX) Moments(ReadOnlySpan<float> x, ReadOnlySpan<float> w)
    {
        Vector256<float> sw = default, sx = default, xx = default;
        for (var i = 0; i < x.Length; i += Lanes)
        {
            var (value, weight) = (At(x, i), At(w, i));
            var weighted = weight * value;
            sw += weight;
            sx += weighted;
            xx += weighted * value;
        }

        return (Sum(sw), Sum(sx), Sum(xx));
    }

    /// <summary>1 / d; 0 where that is no finite number, so that every q is 0.</summary>
    public static float Inverse(float d) => float.IsFinite(1 / d) ? 1 / d : 0;

    /// <summary>The q of one weight, as the sums have it: nearest, halves to even, between two limits.</summary>
    public static int Quant(float scaled, float least, float most) => (int)MathF.Min(MathF.Max(MathF.Round(scaled), least), most);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Quants(Vector256<float> scaled, Vector256<float> least, Vector256<float> most) =>
        Vector256.Min(Vector256.Max(Vector256.Round(scaled), least), most);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> At(ReadOnlySpan<float> values, int i) =>
        Vector256.LoadUnsafe(ref MemoryMarshal.GetReference(values[i..(i + Lanes)]));

    private static float Sum(Vector256<float> lanes)
    {
        var halves = lanes.GetLower() + lanes.GetUpper();
        return halves[0] + halves[2] + (halves[1] + halves[3]);
    }
}

using System.Runtime.CompilerServices;
using Espalier.Torch.Kernels.Attention;
using Espalier.Torch.Kernels.Vectors;

namespace Espalier.Torch.Delta;

/// <summary>Rows made one long, or of another length: y = length · x r with r = 1 / √(Σ x² + ε).</summary>
internal static unsafe class UnitRows
{
    /// <summary>Writes rows side by side, [count, n], and r of each where somebody asks for it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Forward<TV>(float* from, long step, long count, long n, float length, float* to, float* roots)
        where TV : unmanaged, IFloats<TV>
    {
        for (var row = 0L; row < count; row++, from += step, to += n)
        {
            var root = (float)(1 / Math.Sqrt((double)AttentionRows.Dot<TV>(from, from, n) + DeltaOperators.LengthEpsilon));
            if (roots != null)
                roots[row] = root;
            var factor = TV.All(root * length);
            var i = 0L;
            for (; i + TV.Lanes <= n; i += TV.Lanes)
                (TV.Load(from + i) * factor).Store(to + i);
            for (; i < n; i++)
                to[i] = from[i] * (root * length);
        }
    }

    /// <summary>dx = length · r (dy − y (y · dy) / length²) of a row.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Backward<TV>(float* y, float* slope, long n, float length, float root, float* to) where TV : unmanaged, IFloats<TV>
    {
        var along = AttentionRows.Dot<TV>(y, slope, n) / (length * length);
        TV minus = TV.All(-along), factor = TV.All(root * length);
        var i = 0L;
        for (; i + TV.Lanes <= n; i += TV.Lanes)
            (TV.MultiplyAdd(TV.Load(y + i), minus, TV.Load(slope + i)) * factor).Store(to + i);
        for (; i < n; i++)
            to[i] = (slope[i] - y[i] * along) * (root * length);
    }
}

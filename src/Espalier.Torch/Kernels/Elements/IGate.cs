using System.Runtime.CompilerServices;
using Espalier.Torch.Kernels.Vectors;

namespace Espalier.Torch.Kernels.Elements;

/// <summary>What a gated unit takes the sigmoid of, a function a of the gate g, and what it multiplies that by, a function o.</summary>
internal interface IGate
{
    static abstract string Name { get; }

    /// <summary>a(g).</summary>
    static abstract TV Inner<TV>(TV gate) where TV : unmanaged, IFloats<TV>;

    /// <summary>o(g).</summary>
    static abstract TV Outer<TV>(TV gate) where TV : unmanaged, IFloats<TV>;

    /// <summary>o′, the same everywhere.</summary>
    static abstract float OuterSlope { get; }

    /// <summary>o(g) a′(g); finite, as far as 1 − σ(a) has not vanished.</summary>
    static abstract TV OuterTimesSlope<TV>(TV gate) where TV : unmanaged, IFloats<TV>;
}

/// <summary>SiLU, a = g: g σ(g) (arXiv 1702.03118).</summary>
internal readonly struct SiluGate : IGate
{
    public static string Name => "silu_mul";

    public static float OuterSlope => 1;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TV Outer<TV>(TV gate) where TV : unmanaged, IFloats<TV> => gate;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TV Inner<TV>(TV gate) where TV : unmanaged, IFloats<TV> => gate;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TV OuterTimesSlope<TV>(TV gate) where TV : unmanaged, IFloats<TV> => gate;
}

/// <summary>
/// GELU in its tanh form (arXiv 1606.08415, section 2), g (1 + tanh z) / 2 with z = √(2/π) (g + 0.044715 g³), which is g σ(2 z).
/// </summary>
internal readonly struct GeluGate : IGate
{
    private const float Linear = 1.5957691216f; // 2 √(2/π)
    private const float Cubic = 0.0713548162726f; // 0.044715 · 2 √(2/π)

    // Where σ is 0 or 1 to the last bit, while the cube of a larger gate may be infinite.
    private const float Enough = 16;

    public static string Name => "gelu_mul";

    public static float OuterSlope => 1;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TV Outer<TV>(TV gate) where TV : unmanaged, IFloats<TV> => gate;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TV Inner<TV>(TV gate) where TV : unmanaged, IFloats<TV> =>
        gate * TV.MultiplyAdd(gate * gate, TV.All(Cubic), TV.All(Linear));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TV OuterTimesSlope<TV>(TV gate) where TV : unmanaged, IFloats<TV>
    {
        var near = TV.Larger(TV.All(-Enough), TV.WhereAbove(gate, TV.All(Enough), TV.All(Enough), gate));
        return near * TV.MultiplyAdd(near * near, TV.All(3 * Cubic), TV.All(Linear));
    }
}

/// <summary>The sigmoid alone, a = g and o = 1: σ(g).</summary>
internal readonly struct SigmoidGate : IGate
{
    public static string Name => "sigmoid_mul";

    public static float OuterSlope => 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TV Inner<TV>(TV gate) where TV : unmanaged, IFloats<TV> => gate;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TV Outer<TV>(TV gate) where TV : unmanaged, IFloats<TV> => TV.All(1);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TV OuterTimesSlope<TV>(TV gate) where TV : unmanaged, IFloats<TV> => TV.All(1);
}

using System.Runtime.CompilerServices;
using Espalier.Torch.Kernels.Vectors;

namespace Espalier.Torch.Kernels.Elements;

/// <summary>A unit of a gate and what it lets through.</summary>
internal interface IGatedUnit
{
    static abstract string Name { get; }

    static abstract TV Of<TV>(TV gate, TV up, TV limit) where TV : unmanaged, IFloats<TV>;

    /// <summary>The gradients of gate and up out of that of the unit.</summary>
    static abstract (TV Gate, TV Up) Slopes<TV>(TV gate, TV up, TV dy, TV limit) where TV : unmanaged, IFloats<TV>;
}

/// <summary>
/// The gated units of arXiv 2002.05202, y = o σ(a) u with functions o and a of the gate g, and their gradients,
/// dg = dy u σ(a) (o′ + o a′ (1 − σ(a))) and du = dy o σ(a). Without a limit.
/// </summary>
/// <typeparam name="TG">The functions of the gate: <see cref="SiluGate"/>, <see cref="GeluGate"/> or <see cref="SigmoidGate"/>.</typeparam>
internal readonly struct GatedUnit<TG> : IGatedUnit where TG : struct, IGate
{
    public static string Name => TG.Name;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TV Of<TV>(TV gate, TV up, TV limit) where TV : unmanaged, IFloats<TV> =>
        TG.Outer(gate) / (TV.All(1) + TV.Exponential(TV.All(0) - TG.Inner(gate))) * up;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static (TV Gate, TV Up) Slopes<TV>(TV gate, TV up, TV dy, TV limit) where TV : unmanaged, IFloats<TV>
    {
        var sigmoid = Series.Sigmoid(TG.Inner(gate));
        return (dy * up * sigmoid * TV.MultiplyAdd(TG.OuterTimesSlope(gate), TV.All(1) - sigmoid, TV.All(TG.OuterSlope)),
            dy * TG.Outer(gate) * sigmoid);
    }
}

/// <summary>
/// The gated unit of GPT-OSS, y = (u + 1) g σ(1.702 g), where the gate g is cut off above and u on both sides at a limit, and its
/// gradients, dg = dy (u + 1) σ (1 + 1.702 g (1 − σ)) and du = dy g σ; what is beyond its limit has none.
/// </summary>
internal readonly struct ClampedUnit : IGatedUnit
{
    /// <summary>What the gate is multiplied by inside the sigmoid: that of GELU's approximation (arXiv 1606.08415, section 2).</summary>
    public const double Alpha = 1.702;

    // Where σ(−x) is 0 to the last bit, while 1.702 times a gate further down may be infinite.
    private const float Enough = 128;

    public static string Name => "clamped_silu_mul";

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TV Of<TV>(TV gate, TV up, TV limit) where TV : unmanaged, IFloats<TV>
    {
        var near = Below(gate, limit);
        return near / (TV.All(1) + TV.Exponential(near * TV.All((float)-Alpha))) * (Within(up, limit) + TV.All(1));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static (TV Gate, TV Up) Slopes<TV>(TV gate, TV up, TV dy, TV limit) where TV : unmanaged, IFloats<TV>
    {
        var (zero, one, least, near) = (TV.All(0), TV.All(1), TV.All(0) - limit, Below(gate, limit));
        var inner = TV.Larger(TV.All(-Enough), near * TV.All((float)Alpha));
        var sigmoid = Series.Sigmoid(inner);
        var ofGate = dy * (Within(up, limit) + one) * sigmoid * TV.MultiplyAdd(inner, one - sigmoid, one);
        var ofUp = dy * near * sigmoid;
        return (TV.WhereAbove(gate, limit, zero, ofGate), TV.WhereAbove(least, up, zero, TV.WhereAbove(up, limit, zero, ofUp)));
    }

    // NaN stays NaN: it is above nothing.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TV Below<TV>(TV x, TV limit) where TV : unmanaged, IFloats<TV> => TV.WhereAbove(x, limit, limit, x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TV Within<TV>(TV x, TV limit) where TV : unmanaged, IFloats<TV>
    {
        var least = TV.All(0) - limit;
        return TV.WhereAbove(least, x, least, Below(x, limit));
    }
}

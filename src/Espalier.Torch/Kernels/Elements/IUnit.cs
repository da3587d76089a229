using System.Runtime.CompilerServices;
using Espalier.Torch.Kernels.Vectors;

namespace Espalier.Torch.Kernels.Elements;

/// <summary>A unit without a gate.</summary>
internal interface IUnit
{
    static abstract string Name { get; }

    /// <summary>Cache lines of units below which a second thread costs more to wake than it saves.</summary>
    static abstract long Grain { get; }

    static abstract TV Of<TV>(TV x) where TV : unmanaged, IFloats<TV>;

    /// <summary>The gradient of x out of that of the unit.</summary>
    static abstract TV Slope<TV>(TV x, TV dy) where TV : unmanaged, IFloats<TV>;
}

/// <summary>
/// y = x σ(a) with a function a of x, and its gradient, dx = dy σ(a) (1 + x a′ (1 − σ(a))): what <see cref="GatedUnit{TG}"/> computes where
/// all that is multiplied with is 1.
/// </summary>
/// <typeparam name="TG">The function: <see cref="GeluGate"/>.</typeparam>
internal readonly struct SigmoidUnit<TG> : IUnit where TG : struct, IGate
{
    public static string Name => TG.Name;

    public static long Grain => 256;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TV Of<TV>(TV x) where TV : unmanaged, IFloats<TV> =>
        x / (TV.All(1) + TV.Exponential(TV.All(0) - TG.Inner(x)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TV Slope<TV>(TV x, TV dy) where TV : unmanaged, IFloats<TV>
    {
        var sigmoid = Series.Sigmoid(TG.Inner(x));
        return dy * sigmoid * TV.MultiplyAdd(TG.OuterTimesSlope(x), TV.All(1) - sigmoid, TV.All(1));
    }
}

/// <summary>The squared rectifier (arXiv 2109.08668), y = max(x, 0)², and its gradient, dx = 2 max(x, 0) dy.</summary>
internal readonly struct SquaredReluUnit : IUnit
{
    public static string Name => "squared_relu";

    public static long Grain => 512;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TV Of<TV>(TV x) where TV : unmanaged, IFloats<TV>
    {
        var positive = Positive(x);
        return positive * positive;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TV Slope<TV>(TV x, TV dy) where TV : unmanaged, IFloats<TV> => TV.All(2) * Positive(x) * dy;

    // NaN stays NaN.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TV Positive<TV>(TV x) where TV : unmanaged, IFloats<TV> => TV.WhereAbove(TV.All(0), x, TV.All(0), x);
}

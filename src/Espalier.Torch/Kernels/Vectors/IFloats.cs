using System.Runtime.Intrinsics;

namespace Espalier.Torch.Kernels.Vectors;

/// <summary>
/// A vector of floats of one width. Kernels are written once over it; the compiler of the runtime makes one of them for each width, in
/// which nothing of this is left but the instructions.
/// </summary>
internal unsafe interface IFloats<TSelf> where TSelf : unmanaged, IFloats<TSelf>
{
    static abstract int Lanes { get; }

    /// <summary>Whether eight rows of sums fit into the registers, rather than four.</summary>
    static abstract bool HasManyRegisters { get; }

    static abstract TSelf Load(float* from);

    /// <summary>Numbers of bfloat16, widened.</summary>
    static abstract TSelf LoadBFloat16(ushort* from);

    /// <summary>Whole numbers of a byte each.</summary>
    static abstract TSelf LoadInt8(sbyte* from);

    static abstract TSelf All(float x);

    /// <summary>a · b + c, in one rounding where the machine does that.</summary>
    static abstract TSelf MultiplyAdd(TSelf a, TSelf b, TSelf c);

    /// <summary>The larger ones; of unordered ones the second.</summary>
    static abstract TSelf Larger(TSelf a, TSelf b);

    static abstract TSelf SquareRoot(TSelf x);

    /// <summary>Where x is above the bound yes, else no, also where x is NaN.</summary>
    static abstract TSelf WhereAbove(TSelf x, TSelf bound, TSelf yes, TSelf no);

    /// <summary>2 to the n, with n = shifted − magic a whole number from −126 to 127 in the lowest bits of both.</summary>
    static abstract TSelf PowerOfTwo(TSelf shifted, TSelf magic);

    /// <summary>e to the x, within two units in the last place; 0 and infinity at the ends, NaN stays NaN.</summary>
    static abstract TSelf Exponential(TSelf x);

    /// <summary>2 to the x of x below 128, within two units in the last place; 0 far below, NaN stays NaN.</summary>
    static abstract TSelf ExponentialOfTwo(TSelf x);

    static abstract TSelf operator +(TSelf a, TSelf b);

    static abstract TSelf operator -(TSelf a, TSelf b);

    static abstract TSelf operator *(TSelf a, TSelf b);

    static abstract TSelf operator /(TSelf a, TSelf b);

    void Store(float* to);

    /// <summary>Each rounded as by <see cref="Bf16.Of"/>.</summary>
    void Store(Bf16* to);

    /// <summary>Adds each float to a double.</summary>
    void AddTo(double* to);

    /// <summary>The sum: neighbours, then pairs of them, then fours.</summary>
    float Sum();

    /// <summary>The sums of four, each in the order of <see cref="Sum"/>.</summary>
    static abstract Vector128<float> Sums(TSelf a, TSelf b, TSelf c, TSelf d);

    /// <summary>The sum in float64.</summary>
    double WideSum();

    float Largest();
}

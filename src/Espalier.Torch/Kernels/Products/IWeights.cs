using System.Runtime.CompilerServices;
using Espalier.Torch.Kernels.Vectors;

namespace Espalier.Torch.Kernels.Products;

/// <summary>A row of weights as it is stored, read as floats: products are written once over it and over the width of vectors.</summary>
internal unsafe interface IWeights<TV> where TV : unmanaged, IFloats<TV>
{
    static abstract int Size { get; }

    /// <summary>
    /// Weights i, i + 1, ...; i is a multiple of the lanes. <paramref name="scales"/> are the row's, where there are any.
    /// </summary>
    static abstract TV Load(byte* row, float* scales, long i);

    static abstract float One(byte* row, float* scales, long i);
}

internal readonly unsafe struct SingleWeights<TV> : IWeights<TV> where TV : unmanaged, IFloats<TV>
{
    public static int Size => sizeof(float);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TV Load(byte* row, float* scales, long i) => TV.Load((float*)row + i);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float One(byte* row, float* scales, long i) => ((float*)row)[i];
}

internal readonly unsafe struct BFloat16Weights<TV> : IWeights<TV> where TV : unmanaged, IFloats<TV>
{
    public static int Size => sizeof(ushort);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TV Load(byte* row, float* scales, long i) => TV.LoadBFloat16((ushort*)row + i);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float One(byte* row, float* scales, long i) => BitConverter.UInt32BitsToSingle((uint)((ushort*)row)[i] << 16);
}

/// <summary>Weights of a byte, each the product of a whole number and its block's scale.</summary>
internal readonly unsafe struct Int8Weights<TV> : IWeights<TV> where TV : unmanaged, IFloats<TV>
{
    public static int Size => sizeof(sbyte);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TV Load(byte* row, float* scales, long i) => TV.LoadInt8((sbyte*)row + i) * TV.All(scales[i / PackKernel.Block]);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float One(byte* row, float* scales, long i) => ((sbyte*)row)[i] * scales[i / PackKernel.Block];
}

using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Espalier.Torch.Kernels.Vectors;

internal readonly unsafe struct Floats256(Vector256<float> value) : IFloats<Floats256>
{
    private const MethodImplOptions Inline = MethodImplOptions.AggressiveInlining;
    private readonly Vector256<float> _value = value;

    public static int Lanes => 8;

    public static bool HasManyRegisters => false;

    [MethodImpl(Inline)]
    public static Floats256 Load(float* from) => new(Vector256.Load(from));

    [MethodImpl(Inline)]
    public static Floats256 LoadBFloat16(ushort* from)
    {
        var lanes = Vector128.Load(from);
        var wide = Avx2.IsSupported
            ? Avx2.ConvertToVector256Int32(lanes) : Vector256.Create(Vector128.WidenLower(lanes), Vector128.WidenUpper(lanes)).AsInt32();
        return new((wide << 16).AsSingle());
    }

    [MethodImpl(Inline)]
    public static Floats256 LoadInt8(sbyte* from)
    {
        if (Avx2.IsSupported)
            return new(Vector256.ConvertToSingle(Avx2.ConvertToVector256Int32(Vector128.CreateScalarUnsafe(*(long*)from).AsSByte())));
        var lanes = Vector128.WidenLower(Vector128.CreateScalarUnsafe(*(long*)from).AsSByte());
        return new(Vector256.ConvertToSingle(Vector256.Create(Vector128.WidenLower(lanes), Vector128.WidenUpper(lanes))));
    }

    [MethodImpl(Inline)]
    public static Floats256 All(float x) => new(Vector256.Create(x));

    [MethodImpl(Inline)]
    public static Floats256 MultiplyAdd(Floats256 a, Floats256 b, Floats256 c) =>
        new(Vector256.MultiplyAddEstimate(a._value, b._value, c._value));

    [MethodImpl(Inline)]
    public static Floats256 Larger(Floats256 a, Floats256 b) =>
        new(Vector256.MaxNative(a._value, b._value));

    [MethodImpl(Inline)]
    public static Floats256 SquareRoot(Floats256 x) => new(Vector256.Sqrt(x._value));

    [MethodImpl(Inline)]
    public static Floats256 WhereAbove(Floats256 x, Floats256 bound, Floats256 yes, Floats256 no) =>
        new(Vector256.ConditionalSelect(Vector256.GreaterThan(x._value, bound._value), yes._value, no._value));

    [MethodImpl(Inline)]
    public static Floats256 PowerOfTwo(Floats256 shifted, Floats256 magic) =>
        new(Vector256.ShiftLeft(shifted._value.AsInt32() - magic._value.AsInt32() + Vector256.Create(127), 23).AsSingle());

    [MethodImpl(Inline)]
    public static Floats256 Exponential(Floats256 x) => Series.ExponentialByBits(x);

    [MethodImpl(Inline)]
    public static Floats256 ExponentialOfTwo(Floats256 x) => Series.ExponentialOfTwoByBits(x);

    [MethodImpl(Inline)]
    public static Floats256 operator +(Floats256 a, Floats256 b) => new(a._value + b._value);

    [MethodImpl(Inline)]
    public static Floats256 operator -(Floats256 a, Floats256 b) => new(a._value - b._value);

    [MethodImpl(Inline)]
    public static Floats256 operator *(Floats256 a, Floats256 b) => new(a._value * b._value);

    [MethodImpl(Inline)]
    public static Floats256 operator /(Floats256 a, Floats256 b) => new(a._value / b._value);

    [MethodImpl(Inline)]
    public void Store(float* to) => _value.Store(to);

    [MethodImpl(Inline)]
    public void Store(Bf16* to)
    {
        var bits = _value.AsUInt32();
        var odd = Vector256.ShiftRightLogical(bits, 16) & Vector256.Create(1u);
        var near = Vector256.ConditionalSelect(
            Vector256.Equals(_value, _value).AsUInt32(), bits + odd + Vector256.Create(0x7fffu), bits | Vector256.Create(0x400000u));
        var rounded = Vector256.ShiftRightLogical(near, 16);
        (Vector128.Narrow(rounded.GetLower(), rounded.GetUpper())).Store((ushort*)to);
    }

    [MethodImpl(Inline)]
    public void AddTo(double* to)
    {
        var (low, high) = Vector256.Widen(_value);
        (Vector256.Load(to) + low).Store(to);
        (Vector256.Load(to + Lanes / 2) + high).Store(to + Lanes / 2);
    }

    [MethodImpl(Inline)]
    public float Sum() => Vector256.Sum(_value);

    [MethodImpl(Inline)]
    public static Vector128<float> Sums(Floats256 a, Floats256 b, Floats256 c, Floats256 d)
    {
        if (!Avx.IsSupported)
            return Floats128.Sums(new(a._value.GetLower()), new(b._value.GetLower()), new(c._value.GetLower()), new(d._value.GetLower()))
                + Floats128.Sums(new(a._value.GetUpper()), new(b._value.GetUpper()), new(c._value.GetUpper()), new(d._value.GetUpper()));
        var sums = Avx.HorizontalAdd(Avx.HorizontalAdd(a._value, b._value), Avx.HorizontalAdd(c._value, d._value));
        return sums.GetLower() + sums.GetUpper();
    }

    [MethodImpl(Inline)]
    public double WideSum()
    {
        var (low, high) = Vector256.Widen(_value);
        return Vector256.Sum(low + high);
    }

    [MethodImpl(Inline)]
    public float Largest() => Floats128.Larger(new(_value.GetLower()), new(_value.GetUpper())).Largest();
}

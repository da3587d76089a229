using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Espalier.Torch.Kernels.Vectors;

internal readonly unsafe struct Floats512(Vector512<float> value) : IFloats<Floats512>
{
    private const MethodImplOptions Inline = MethodImplOptions.AggressiveInlining;
    private readonly Vector512<float> _value = value;

    public static int Lanes => 16;

    public static bool HasManyRegisters => true;

    [MethodImpl(Inline)]
    public static Floats512 Load(float* from) => new(Vector512.Load(from));

    [MethodImpl(Inline)]
    public static Floats512 LoadBFloat16(ushort* from)
    {
        var lanes = Vector256.Load(from);
        var wide = Avx512F.IsSupported
            ? Avx512F.ConvertToVector512UInt32(lanes) : Vector512.Create(Vector256.WidenLower(lanes), Vector256.WidenUpper(lanes));
        return new((wide << 16).AsSingle());
    }

    [MethodImpl(Inline)]
    public static Floats512 LoadInt8(sbyte* from)
    {
        var lanes = Vector128.Load(from);
        if (Avx512F.IsSupported)
            return new(Avx512F.ConvertToVector512Single(Avx512F.ConvertToVector512Int32(lanes)));
        var (low, high) = Vector128.Widen(lanes);
        return new(Vector512.ConvertToSingle(Vector512.Create(
            Vector256.Create(Vector128.WidenLower(low), Vector128.WidenUpper(low)),
            Vector256.Create(Vector128.WidenLower(high), Vector128.WidenUpper(high)))));
    }

    [MethodImpl(Inline)]
    public static Floats512 All(float x) => new(Vector512.Create(x));

    [MethodImpl(Inline)]
    public static Floats512 MultiplyAdd(Floats512 a, Floats512 b, Floats512 c) =>
        new(Vector512.MultiplyAddEstimate(a._value, b._value, c._value));

    [MethodImpl(Inline)]
    public static Floats512 Larger(Floats512 a, Floats512 b) =>
        new(Vector512.MaxNative(a._value, b._value));

    [MethodImpl(Inline)]
    public static Floats512 SquareRoot(Floats512 x) => new(Vector512.Sqrt(x._value));

    [MethodImpl(Inline)]
    public static Floats512 WhereAbove(Floats512 x, Floats512 bound, Floats512 yes, Floats512 no) =>
        new(Vector512.ConditionalSelect(Vector512.GreaterThan(x._value, bound._value), yes._value, no._value));

    [MethodImpl(Inline)]
    public static Floats512 PowerOfTwo(Floats512 shifted, Floats512 magic) =>
        new(Vector512.ShiftLeft(shifted._value.AsInt32() - magic._value.AsInt32() + Vector512.Create(127), 23).AsSingle());

    // The exponent is put on by an instruction, which rounds to 0 and infinity where the ends are.
    [MethodImpl(Inline)]
    public static Floats512 Exponential(Floats512 x)
    {
        if (!Avx512F.IsSupported)
            return Series.ExponentialByBits(x);
        // Of a NaN these two take their second argument.
        var bounded = Avx512F.Min(Vector512.Create(100f), Avx512F.Max(Vector512.Create(-104f), x._value));
        var n = Avx512F.RoundScale(bounded * Vector512.Create(1.44269504f), 0);
        return new(Avx512F.Scale(Series.ExponentialBelow(new Floats512(bounded), new(n))._value, n));
    }

    [MethodImpl(Inline)]
    public static Floats512 ExponentialOfTwo(Floats512 x)
    {
        if (!Avx512F.IsSupported)
            return Series.ExponentialOfTwoByBits(x);
        // Of a NaN the second argument is taken; 2^-151 is rounded to 0.
        var bounded = Avx512F.Max(Vector512.Create(-151f), x._value);
        var n = Avx512F.RoundScale(bounded, 0);
        return new(Avx512F.Scale(Series.ExponentialOfTwoBelow(new Floats512(bounded - n))._value, n));
    }

    [MethodImpl(Inline)]
    public static Floats512 operator +(Floats512 a, Floats512 b) => new(a._value + b._value);

    [MethodImpl(Inline)]
    public static Floats512 operator -(Floats512 a, Floats512 b) => new(a._value - b._value);

    [MethodImpl(Inline)]
    public static Floats512 operator *(Floats512 a, Floats512 b) => new(a._value * b._value);

    [MethodImpl(Inline)]
    public static Floats512 operator /(Floats512 a, Floats512 b) => new(a._value / b._value);

    [MethodImpl(Inline)]
    public void Store(float* to) => _value.Store(to);

    [MethodImpl(Inline)]
    public void Store(Bf16* to)
    {
        var bits = _value.AsUInt32();
        var odd = Vector512.ShiftRightLogical(bits, 16) & Vector512.Create(1u);
        var near = Vector512.ConditionalSelect(
            Vector512.Equals(_value, _value).AsUInt32(), bits + odd + Vector512.Create(0x7fffu), bits | Vector512.Create(0x400000u));
        var rounded = Vector512.ShiftRightLogical(near, 16);
        (Avx512F.IsSupported ? Avx512F.ConvertToVector256UInt16(rounded)
            : Vector256.Narrow(rounded.GetLower(), rounded.GetUpper())).Store((ushort*)to);
    }

    [MethodImpl(Inline)]
    public void AddTo(double* to)
    {
        var (low, high) = Vector512.Widen(_value);
        (Vector512.Load(to) + low).Store(to);
        (Vector512.Load(to + Lanes / 2) + high).Store(to + Lanes / 2);
    }

    [MethodImpl(Inline)]
    public float Sum() => Vector512.Sum(_value);

    [MethodImpl(Inline)]
    public static Vector128<float> Sums(Floats512 a, Floats512 b, Floats512 c, Floats512 d)
    {
        if (!Avx512F.IsSupported)
            return Floats256.Sums(new(a._value.GetLower()), new(b._value.GetLower()), new(c._value.GetLower()), new(d._value.GetLower()))
                + Floats256.Sums(new(a._value.GetUpper()), new(b._value.GetUpper()), new(c._value.GetUpper()), new(d._value.GetUpper()));
        var fours = Neighbours(Neighbours(a._value, b._value), Neighbours(c._value, d._value));
        var (low, high) = (fours.GetLower(), fours.GetUpper());
        return low.GetLower() + low.GetUpper() + (high.GetLower() + high.GetUpper());

        // Two shuffles and not the instruction for it, which reaches only half of the registers: sums of a loop would leave theirs.
        [MethodImpl(Inline)]
        static Vector512<float> Neighbours(Vector512<float> a, Vector512<float> b) =>
            Avx512F.Shuffle(a, b, 0b10_00_10_00) + Avx512F.Shuffle(a, b, 0b11_01_11_01);
    }

    [MethodImpl(Inline)]
    public double WideSum()
    {
        var (low, high) = Vector512.Widen(_value);
        return Vector512.Sum(low + high);
    }

    [MethodImpl(Inline)]
    public float Largest() => Floats256.Larger(new(_value.GetLower()), new(_value.GetUpper())).Largest();
}

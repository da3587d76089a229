using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Espalier.Torch.Kernels.Vectors;

internal readonly unsafe struct Floats128(Vector128<float> value) : IFloats<Floats128>
{
    private const MethodImplOptions Inline = MethodImplOptions.AggressiveInlining;
    private readonly Vector128<float> _value = value;

    public static int Lanes => 4;

    public static bool HasManyRegisters => false;

    [MethodImpl(Inline)]
    public static Floats128 Load(float* from) => new(Vector128.Load(from));

    [MethodImpl(Inline)]
    public static Floats128 LoadBFloat16(ushort* from) =>
        new((Vector128.WidenLower(Vector128.CreateScalarUnsafe(*(long*)from).AsUInt16()) << 16).AsSingle());

    [MethodImpl(Inline)]
    public static Floats128 LoadInt8(sbyte* from) => new(Vector128.ConvertToSingle(
        Vector128.WidenLower(Vector128.WidenLower(Vector128.CreateScalarUnsafe(*(int*)from).AsSByte()))));

    [MethodImpl(Inline)]
    public static Floats128 All(float x) => new(Vector128.Create(x));

    [MethodImpl(Inline)]
    public static Floats128 MultiplyAdd(Floats128 a, Floats128 b, Floats128 c) =>
        new(Vector128.MultiplyAddEstimate(a._value, b._value, c._value));

    [MethodImpl(Inline)]
    public static Floats128 Larger(Floats128 a, Floats128 b) =>
        new(Vector128.MaxNative(a._value, b._value));

    [MethodImpl(Inline)]
    public static Floats128 SquareRoot(Floats128 x) => new(Vector128.Sqrt(x._value));

    [MethodImpl(Inline)]
    public static Floats128 WhereAbove(Floats128 x, Floats128 bound, Floats128 yes, Floats128 no) =>
        new(Vector128.ConditionalSelect(Vector128.GreaterThan(x._value, bound._value), yes._value, no._value));

    [MethodImpl(Inline)]
    public static Floats128 PowerOfTwo(Floats128 shifted, Floats128 magic) =>
        new(Vector128.ShiftLeft(shifted._value.AsInt32() - magic._value.AsInt32() + Vector128.Create(127), 23).AsSingle());

    [MethodImpl(Inline)]
    public static Floats128 Exponential(Floats128 x) => Series.ExponentialByBits(x);

    [MethodImpl(Inline)]
    public static Floats128 ExponentialOfTwo(Floats128 x) => Series.ExponentialOfTwoByBits(x);

    [MethodImpl(Inline)]
    public static Floats128 operator +(Floats128 a, Floats128 b) => new(a._value + b._value);

    [MethodImpl(Inline)]
    public static Floats128 operator -(Floats128 a, Floats128 b) => new(a._value - b._value);

    [MethodImpl(Inline)]
    public static Floats128 operator *(Floats128 a, Floats128 b) => new(a._value * b._value);

    [MethodImpl(Inline)]
    public static Floats128 operator /(Floats128 a, Floats128 b) => new(a._value / b._value);

    [MethodImpl(Inline)]
    public void Store(float* to) => _value.Store(to);

    [MethodImpl(Inline)]
    public void Store(Bf16* to)
    {
        var bits = _value.AsUInt32();
        var odd = Vector128.ShiftRightLogical(bits, 16) & Vector128.Create(1u);
        var near = Vector128.ConditionalSelect(
            Vector128.Equals(_value, _value).AsUInt32(), bits + odd + Vector128.Create(0x7fffu), bits | Vector128.Create(0x400000u));
        var rounded = Vector128.ShiftRightLogical(near, 16);
        *(ulong*)to = Vector128.Narrow(rounded, rounded).AsUInt64().ToScalar();
    }

    [MethodImpl(Inline)]
    public void AddTo(double* to)
    {
        var (low, high) = Vector128.Widen(_value);
        (Vector128.Load(to) + low).Store(to);
        (Vector128.Load(to + Lanes / 2) + high).Store(to + Lanes / 2);
    }

    [MethodImpl(Inline)]
    public float Sum() => Vector128.Sum(_value);

    [MethodImpl(Inline)]
    public static Vector128<float> Sums(Floats128 a, Floats128 b, Floats128 c, Floats128 d) => Sse3.IsSupported
        ? Sse3.HorizontalAdd(Sse3.HorizontalAdd(a._value, b._value), Sse3.HorizontalAdd(c._value, d._value))
        : Vector128.Create(a.Sum(), b.Sum(), c.Sum(), d.Sum());

    [MethodImpl(Inline)]
    public double WideSum()
    {
        var (low, high) = Vector128.Widen(_value);
        return Vector128.Sum(low + high);
    }

    [MethodImpl(Inline)]
    public float Largest()
    {
        var halves = Larger(this, new(Vector128.Shuffle(_value, Vector128.Create(2, 3, 0, 1))));
        return Larger(halves, new(Vector128.Shuffle(halves._value, Vector128.Create(1, 0, 3, 2))))._value.ToScalar();
    }
}

using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using static Espalier.Torch.Kernels.KernelErrors;

namespace Espalier.Torch.Kernels.Elements;

/// <summary>
/// A matrix turned, y = s · xᵀ or y += s · xᵀ: what products of gradients need, for oneDNN reads a left side that lies turned only after
/// libtorch has copied it, on one thread. Of bfloat16 the bits are moved and nothing is computed.
/// </summary>
internal static unsafe class TurnKernel
{
    private const string Name = "turn";

    // Elements of a row of y, and rows of y, that are turned together by way of a buffer. Rows of y often lie a power of two apart: written
    // a few
    // elements each, their lines would drive one another out of the cache, so each is written whole and once.
    private const int Across = 64, Down = 64, Enough = 65536;

    /// <summary>s · xᵀ, [n, m] of x [m, n]; s is 1 for bfloat16.</summary>
    public static Tensor Turned(Tensor x, float scale)
    {
        if (x.Dimensions != 2 || !(x.DType == DType.Float32 || x.DType == DType.BFloat16 && scale == 1))
            throw Of(Name, $"x is {x.DType} {Sizes(x)}; it must be a float32 matrix, or bfloat16 without a factor");
        using var to = Operand.Result(x.DType, x.Size(1), x.Size(0));
        if (x.DType == DType.BFloat16)
            Run<ushort>(x, to, scale, add: false);
        else
            Run<float>(x, to, scale, add: false);
        return to.Tensor;
    }

    /// <summary>y += s · xᵀ, of y [n, m] in order and x [m, n].</summary>
    public static void Add(Tensor y, Tensor x, float scale)
    {
        if (x.Dimensions != 2 || x.DType != DType.Float32)
            throw Of(Name, $"x is {x.DType} {Sizes(x)}; it must be a matrix of float32");
        if (y.Dimensions != 2 || y.DType != DType.Float32 || !y.IsContiguous || y.Size(0) != x.Size(1) || y.Size(1) != x.Size(0))
            throw Of(Name, $"x is {Sizes(x)} and y {y.DType} {Sizes(y)}, which must be float32, contiguous and of the transposed shape");
        using (var to = Operand.Of(y))
        {
            using (var from = Operand.Of(x))
                if (Overlap(from, x, to, y))
                    throw Of(Name, $"x {Sizes(x)} shares memory with y {Sizes(y)}, to which it is added: add a copy of x");
            Run<float>(x, to, scale, add: true);
        }
        y.Written();
    }

    // Whether the span of x, from its first element to its last, meets that of y.
    private static bool Overlap(in Operand from, Tensor x, in Operand to, Tensor y)
    {
        if (x.ElementCount == 0)
            return false;
        var last = from.Floats + (x.Size(0) - 1) * from.Step(0) + (x.Size(1) - 1) * from.Step(1);
        return from.Floats < to.Floats + y.ElementCount && to.Floats <= last;
    }

    private static void Run<TE>(Tensor x, in Operand to, float scale, bool add) where TE : unmanaged
    {
        using var from = Operand.InRows(x);
        var (rows, columns) = (x.Size(0), x.Size(1));
        var job = new Job { From = from.Data, To = to.Data, Step = from.Step(0), Rows = rows, Columns = columns, Scale = scale, Add = add };
        Workers.For(0, (columns + Down - 1) / Down, Math.Max(1, Enough / Math.Max(1, Down * rows)), &Stripes<TE>, &job);
    }

    private static void Stripes<TE>(long first, long last, void* context) where TE : unmanaged
    {
        var job = (Job*)context;
        for (var stripe = first; stripe < last; stripe++)
            for (var row = 0L; row < job->Rows; row += Across)
                Block<TE>(
                    job, row, (int)Math.Min(Across, job->Rows - row), stripe * Down, (int)Math.Min(Down, job->Columns - stripe * Down));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization), SkipLocalsInit]
    private static void Block<TE>(Job* job, long top, int rows, long left, int columns) where TE : unmanaged
    {
        var turned = stackalloc TE[Across * Down];
        var from = (TE*)job->From + top * job->Step + left;
        var lanes = Vector128<TE>.Count;
        var column = 0;
        if (Sse2.IsSupported)
            for (; column + lanes <= columns; column += lanes)
            {
                var row = 0;
                for (; row + lanes <= rows; row += lanes)
                    if (typeof(TE) == typeof(float))
                        Four((float*)from + row * job->Step + column, job->Step, (float*)turned + column * Across + row, Across);
                    else
                        Eight((ushort*)from + row * job->Step + column, job->Step, (ushort*)turned + column * Across + row);
                Rest(from, job->Step, turned, row, rows, column, column + lanes);
            }
        Rest(from, job->Step, turned, 0, rows, column, columns);
        for (column = 0; column < columns; column++)
        {
            var to = (TE*)job->To + (left + column) * job->Rows + top;
            if (typeof(TE) == typeof(float))
                Write((float*)turned + column * Across, (float*)to, rows, job->Scale, job->Add);
            else
                Write((ushort*)turned + column * Across, (ushort*)to, rows);
        }
    }

    /// <summary>Four rows of four floats, turned; <see cref="Sse"/> must be there.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Four(float* from, long step, float* to, long toStep)
    {
        Vector128<float> a = Vector128.Load(from), b = Vector128.Load(from + step);
        Vector128<float> c = Vector128.Load(from + 2 * step), d = Vector128.Load(from + 3 * step);
        Vector128<float> ab = Sse.UnpackLow(a, b), cd = Sse.UnpackLow(c, d), AB = Sse.UnpackHigh(a, b), CD = Sse.UnpackHigh(c, d);
        Sse.MoveLowToHigh(ab, cd).Store(to);
        Sse.MoveHighToLow(cd, ab).Store(to + toStep);
        Sse.MoveLowToHigh(AB, CD).Store(to + 2 * toStep);
        Sse.MoveHighToLow(CD, AB).Store(to + 3 * toStep);
    }

    // Rows in pairs, pairs in fours, fours in eights.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Eight(ushort* from, long step, ushort* to)
    {
        Vector128<ushort> a = Vector128.Load(from), b = Vector128.Load(from + step);
        Vector128<ushort> c = Vector128.Load(from + 2 * step), d = Vector128.Load(from + 3 * step);
        from += 4 * step;
        Vector128<ushort> e = Vector128.Load(from), f = Vector128.Load(from + step);
        Vector128<ushort> g = Vector128.Load(from + 2 * step), h = Vector128.Load(from + 3 * step);
        Half(Sse2.UnpackLow(a, b), Sse2.UnpackLow(c, d), Sse2.UnpackLow(e, f), Sse2.UnpackLow(g, h), to);
        Half(Sse2.UnpackHigh(a, b), Sse2.UnpackHigh(c, d), Sse2.UnpackHigh(e, f), Sse2.UnpackHigh(g, h), to + 4 * Across);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Half(Vector128<ushort> ab, Vector128<ushort> cd, Vector128<ushort> ef, Vector128<ushort> gh, ushort* to)
    {
        var (low, high) =
            (Sse2.UnpackLow(ab.AsUInt32(), cd.AsUInt32()).AsUInt64(), Sse2.UnpackHigh(ab.AsUInt32(), cd.AsUInt32()).AsUInt64());
        var (low2, high2) =
            (Sse2.UnpackLow(ef.AsUInt32(), gh.AsUInt32()).AsUInt64(), Sse2.UnpackHigh(ef.AsUInt32(), gh.AsUInt32()).AsUInt64());
        Sse2.UnpackLow(low, low2).AsUInt16().Store(to);
        Sse2.UnpackHigh(low, low2).AsUInt16().Store(to + Across);
        Sse2.UnpackLow(high, high2).AsUInt16().Store(to + 2 * Across);
        Sse2.UnpackHigh(high, high2).AsUInt16().Store(to + 3 * Across);
    }

    private static void Rest<TE>(TE* from, long step, TE* turned, int top, int bottom, int left, int right) where TE : unmanaged
    {
        for (var column = left; column < right; column++)
            for (var row = top; row < bottom; row++)
                turned[column * Across + row] = from[row * step + column];
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Write(float* from, float* to, int count, float scale, bool add)
    {
        var i = 0;
        for (; i + 8 <= count; i += 8)
        {
            // A product by one would flush what is too small.
            var x = scale == 1 ? Vector256.Load(from + i) : Vector256.Load(from + i) * scale;
            (add ? Vector256.Load(to + i) + x : x).Store(to + i);
        }
        for (; i < count; i++)
        {
            var x = scale == 1 ? from[i] : from[i] * scale;
            to[i] = add ? to[i] + x : x;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Write(ushort* from, ushort* to, int count)
    {
        var i = 0;
        for (; i + 16 <= count; i += 16)
            Vector256.Load(from + i).Store(to + i);
        for (; i < count; i++)
            to[i] = from[i];
    }

    private struct Job
    {
        public void* From, To;
        public long Step, Rows, Columns;
        public float Scale;
        public bool Add;
    }
}

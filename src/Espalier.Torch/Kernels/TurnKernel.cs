using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using static Espalier.Torch.Kernels.KernelErrors;

namespace Espalier.Torch.Kernels;

/// <summary>
/// A matrix turned, y = s · xᵀ or y += s · xᵀ: what products of gradients need, for oneDNN reads a left side that lies turned only after libtorch
/// has copied it, on one thread.
/// </summary>
internal static unsafe class TurnKernel
{
    private const string Name = "turn";

    // Rows of x and of y that are turned together: whole cache lines on both sides.
    private const long Across = 16, Down = 64, Enough = 32768;

    /// <summary>s · xᵀ, [n, m] of x [m, n].</summary>
    public static Tensor Turned(Tensor x, float scale)
    {
        Check(x);
        using var to = Operand.Result(DType.Float32, x.Size(1), x.Size(0));
        Run(x, to, scale, add: false);
        return to.Tensor;
    }

    /// <summary>y += s · xᵀ, of y [n, m] in order and x [m, n].</summary>
    public static void Add(Tensor y, Tensor x, float scale)
    {
        Check(x);
        if (y.Dimensions != 2 || y.DType != DType.Float32 || !y.IsContiguous || y.Size(0) != x.Size(1) || y.Size(1) != x.Size(0))
            throw Of(Name, $"x is {Sizes(x)} and y {y.DType} {Sizes(y)}, which must be float32, of the turned shape and in order");
        using (var to = Operand.Of(y))
            Run(x, to, scale, add: true);
        y.Written();
    }

    private static void Run(Tensor x, in Operand to, float scale, bool add)
    {
        using var from = Operand.InRows(x);
        var (rows, columns) = (x.Size(0), x.Size(1));
        var job = new Job { From = from.Floats, To = to.Floats, Step = from.Step(0), Rows = rows, Columns = columns, Scale = scale, Add = add };
        Workers.For(0, (columns + Down - 1) / Down, Math.Max(1, Enough / Math.Max(1, Down * rows)), &Stripes, &job);
    }

    private static void Check(Tensor x)
    {
        if (x.Dimensions != 2 || x.DType != DType.Float32)
            throw Of(Name, $"x is {x.DType} {Sizes(x)}, it must be a matrix of float32");
    }

    private static void Stripes(long first, long last, void* context)
    {
        var job = (Job*)context;
        for (var stripe = first; stripe < last; stripe++)
            for (var row = 0L; row < job->Rows; row += Across)
                Block(job, row, Math.Min(job->Rows, row + Across), stripe * Down, Math.Min(job->Columns, (stripe + 1) * Down));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Block(Job* job, long top, long bottom, long left, long right)
    {
        var (scale, add) = (Vector128.Create(job->Scale), job->Add);
        var column = left;
        if (Sse.IsSupported)
            for (; column + 4 <= right; column += 4)
            {
                var row = top;
                for (; row + 4 <= bottom; row += 4)
                    Four(job->From + row * job->Step + column, job->Step, job->To + column * job->Rows + row, job->Rows, scale, add);
                Rest(job, row, bottom, column, column + 4);
            }
        Rest(job, top, bottom, column, right);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Four(float* from, long step, float* to, long width, Vector128<float> scale, bool add)
    {
        Vector128<float> a = Vector128.Load(from), b = Vector128.Load(from + step);
        Vector128<float> c = Vector128.Load(from + 2 * step), d = Vector128.Load(from + 3 * step);
        Vector128<float> ab = Sse.UnpackLow(a, b), cd = Sse.UnpackLow(c, d), AB = Sse.UnpackHigh(a, b), CD = Sse.UnpackHigh(c, d);
        Put(Sse.MoveLowToHigh(ab, cd) * scale, to, add);
        Put(Sse.MoveHighToLow(cd, ab) * scale, to + width, add);
        Put(Sse.MoveLowToHigh(AB, CD) * scale, to + 2 * width, add);
        Put(Sse.MoveHighToLow(CD, AB) * scale, to + 3 * width, add);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put(Vector128<float> x, float* to, bool add) => (add ? Vector128.Load(to) + x : x).Store(to);

    private static void Rest(Job* job, long top, long bottom, long left, long right)
    {
        for (var column = left; column < right; column++)
            for (var row = top; row < bottom; row++)
            {
                var x = job->From[row * job->Step + column] * job->Scale;
                var to = job->To + column * job->Rows + row;
                *to = job->Add ? *to + x : x;
            }
    }

    private struct Job
    {
        public float* From, To;
        public long Step, Rows, Columns;
        public float Scale;
        public bool Add;
    }
}

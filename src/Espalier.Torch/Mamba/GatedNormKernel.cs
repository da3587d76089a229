using System.Runtime.CompilerServices;
using Espalier.Torch.Kernels;
using Espalier.Torch.Kernels.Norms;
using Espalier.Torch.Kernels.Vectors;
using static Espalier.Torch.Kernels.KernelErrors;

namespace Espalier.Torch.Mamba;

/// <summary>
/// Root-mean-square norm of u = x silu(z) in groups of n channels: y = u r w with r = 1 / √(mean of u² over the group + ε). With g = dy w:
/// du = r g − u r³ / n Σ g u, dx = du silu(z), dz = du x silu′(z), and dw = Σ dy u r over the rows.
/// </summary>
internal static unsafe class GatedNormKernel
{
    private const string Name = "gated_norm";

    /// <summary>y, of x's shape [B, T, C].</summary>
    public static Tensor Forward(Tensor x, Tensor gate, Tensor weight, int groups, double epsilon)
    {
        Check(x, gate, weight, groups);
        using var to = Operand.Result(DType.Float32, x.Shape);
        if (x.ElementCount == 0)
            return to.Tensor;
        using Operand from = Operand.InRows(x), z = Operand.InRows(gate), by = Operand.InOrder(weight);
        var job = JobOf(x, from, z, by, groups, epsilon);
        job.Y = to.Floats;
        Workers.For(0, job.B * job.T, Math.Max(1, 2048 / job.C), Width.Of(&Rows<Floats512>, &Rows<Floats256>, &Rows<Floats128>), &job);
        return to.Tensor;
    }

    /// <summary>The gradients out of that of y; r is made again.</summary>
    public static (Tensor X, Tensor Gate, Tensor Weight) Backward(
        Tensor gradient, Tensor x, Tensor gate, Tensor weight, int groups, double epsilon)
    {
        Check(x, gate, weight, groups);
        if (gradient.DType != DType.Float32 || !gradient.Shape.SequenceEqual(x.Shape))
            throw Of(Name, $"the gradient is {gradient.DType} {Sizes(gradient)} and x {Sizes(x)}");
        using Operand toX = Operand.Result(DType.Float32, x.Shape), toGate = Operand.Result(DType.Float32, x.Shape);
        using var toWeight = Operand.Result(DType.Float32, weight.Shape);
        if (x.ElementCount == 0)
        {
            toWeight.Clear();
            return (toX.Tensor, toGate.Tensor, toWeight.Tensor);
        }
        using Operand from = Operand.InRows(x), z = Operand.InRows(gate), by = Operand.InOrder(weight), slope = Operand.InOrder(gradient);
        var job = JobOf(x, from, z, by, groups, epsilon);
        var pieces = ColumnSums.Pieces(job.B * job.T);
        using var sums = Operand.Own(DType.Float64, pieces, job.C);
        job.Slope = slope.Floats;
        job.ToX = toX.Floats;
        job.ToGate = toGate.Floats;
        job.Sums = sums.Doubles;
        Workers.For(0, pieces, 1, Width.Of(&Pieces<Floats512>, &Pieces<Floats256>, &Pieces<Floats128>), &job);
        ColumnSums.AddUp(sums.Doubles, pieces, job.C, job.C, toWeight.Floats);
        return (toX.Tensor, toGate.Tensor, toWeight.Tensor);
    }

    /// <summary>The norm of rows of C that lie in order, into x.</summary>
    public static void Run(float* x, float* gate, float* weight, long rows, long C, int groups, double epsilon)
    {
        var job = new Job
        {
            X = new() { First = x, Step = C },
            Gate = new() { First = gate, Step = C },
            Weight = weight,
            Y = x,
            B = 1,
            T = Math.Max(1, rows),
            C = C,
            N = C / groups,
            Epsilon = epsilon,
        };
        Workers.For(0, rows, Math.Max(1, 16384 / C), Width.Of(&Rows<Floats512>, &Rows<Floats256>, &Rows<Floats128>), &job);
    }

    private static Job JobOf(Tensor x, in Operand from, in Operand gate, in Operand by, int groups, double epsilon) => new()
    {
        X = RowView.Of(from),
        Gate = RowView.Of(gate),
        Weight = by.Floats,
        B = x.Size(0),
        T = x.Size(1),
        C = x.Size(2),
        N = x.Size(2) / groups,
        Epsilon = epsilon,
    };

    private static void Check(Tensor x, Tensor gate, Tensor weight, int groups)
    {
        if (x.Dimensions != 3 || !x.Shape.SequenceEqual(gate.Shape) || !weight.Shape.SequenceEqual([x.Size(2)]))
            throw Of(
                Name, $"x is {Sizes(x)}, the gate {Sizes(gate)} and weight {Sizes(weight)}, which must be [samples, positions, channels], "
                    + "the same and [channels]");
        if (x.DType != DType.Float32 || gate.DType != DType.Float32 || weight.DType != DType.Float32)
            throw Of(Name, $"x is {x.DType}, the gate {gate.DType} and weight {weight.DType}; all must be float32");
        if (groups < 1 || x.Size(2) % groups != 0)
            throw Of(Name, $"{x.Size(2)} channels in {groups} groups: the groups must divide the channels");
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Rows<TV>(long first, long last, void* context) where TV : unmanaged, IFloats<TV>
    {
        var job = (Job*)context;
        for (var row = first; row < last; row++)
            for (var c = 0L; c < job->C; c += job->N)
            {
                float* x = job->X.At(row / job->T, row % job->T) + c, z = job->Gate.At(row / job->T, row % job->T) + c;
                float* y = job->Y + row * job->C + c, weight = job->Weight + c;
                var factor = TV.All(Gated<TV>(x, z, y, job->N, job->Epsilon));
                var i = 0L;
                for (; i + TV.Lanes <= job->N; i += TV.Lanes)
                    (TV.Load(y + i) * factor * TV.Load(weight + i)).Store(y + i);
                if (i < job->N)
                    Tail.Store(
                        Tail.Load<TV>(y + i, job->N - i) * factor * Tail.Load<TV>(weight + i, job->N - i), y + i, job->N - i);
            }
    }

    // Writes u, which may be x; gives r.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float Gated<TV>(float* x, float* z, float* u, long n, double epsilon) where TV : unmanaged, IFloats<TV>
    {
        var squares = TV.All(0);
        var i = 0L;
        for (; i + TV.Lanes <= n; i += TV.Lanes)
        {
            var gate = TV.Load(z + i);
            var product = TV.Load(x + i) * gate * Series.Sigmoid(gate);
            product.Store(u + i);
            squares = TV.MultiplyAdd(product, product, squares);
        }
        if (i < n)
        {
            var gate = Tail.Load<TV>(z + i, n - i);
            var product = Tail.Load<TV>(x + i, n - i) * gate * Series.Sigmoid(gate);
            Tail.Store(product, u + i, n - i);
            squares = TV.MultiplyAdd(product, product, squares);
        }
        return (float)(1 / Math.Sqrt((double)squares.Sum() / n + epsilon));
    }

    private static void Pieces<TV>(long first, long last, void* context) where TV : unmanaged, IFloats<TV>
    {
        var job = (Job*)context;
        var rows = job->B * job->T;
        for (var piece = first; piece < last; piece++)
        {
            var sums = job->Sums + piece * job->C;
            new Span<double>(sums, (int)job->C).Clear();
            for (var row = piece * ColumnSums.PieceOf(rows); row < Math.Min(rows, (piece + 1) * ColumnSums.PieceOf(rows)); row++)
                for (var c = 0L; c < job->C; c += job->N)
                    Back<TV>(job, row, c, sums + c);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Back<TV>(Job* job, long row, long c, double* sums) where TV : unmanaged, IFloats<TV>
    {
        var n = job->N;
        float* x = job->X.At(row / job->T, row % job->T) + c, z = job->Gate.At(row / job->T, row % job->T) + c;
        float* dy = job->Slope + row * job->C + c, dx = job->ToX + row * job->C + c, dz = job->ToGate + row * job->C + c;
        var weight = job->Weight + c;
        var u = Scratch.Of(n);
        var r = Gated<TV>(x, z, u, n, job->Epsilon);
        var along = TV.All(0);
        var i = 0L;
        for (; i + TV.Lanes <= n; i += TV.Lanes)
            along = TV.MultiplyAdd(TV.Load(dy + i) * TV.Load(weight + i), TV.Load(u + i), along);
        var dot = along.Sum();
        for (; i < n; i++)
            dot += dy[i] * weight[i] * u[i];
        TV factor = TV.All(r), minus = TV.All((float)(-(double)r * r * r * dot / n));
        for (i = 0; i + TV.Lanes <= n; i += TV.Lanes)
        {
            TV slope = TV.Load(dy + i), product = TV.Load(u + i);
            (slope * product * factor).AddTo(sums + i);
            var (ofX, ofGate) =
                Slopes(TV.MultiplyAdd(product, minus, slope * TV.Load(weight + i) * factor), TV.Load(x + i), TV.Load(z + i));
            ofX.Store(dx + i);
            ofGate.Store(dz + i);
        }
        if (i == n)
            return;
        for (var tail = i; tail < n; tail++)
            sums[tail] += dy[tail] * u[tail] * r;
        var last = TV.MultiplyAdd(
            Tail.Load<TV>(u + i, n - i), minus, Tail.Load<TV>(dy + i, n - i) * Tail.Load<TV>(weight + i, n - i) * factor);
        var (lastX, lastGate) = Slopes(last, Tail.Load<TV>(x + i, n - i), Tail.Load<TV>(z + i, n - i));
        Tail.Store(lastX, dx + i, n - i);
        Tail.Store(lastGate, dz + i, n - i);
    }

    // Those of x and z out of that of x silu(z).
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (TV X, TV Gate) Slopes<TV>(TV slope, TV x, TV z) where TV : unmanaged, IFloats<TV>
    {
        var sigmoid = Series.Sigmoid(z);
        return (slope * z * sigmoid, slope * x * sigmoid * TV.MultiplyAdd(z, TV.All(1) - sigmoid, TV.All(1)));
    }

    private struct Job
    {
        public RowView X, Gate;
        public float* Weight, Y, Slope, ToX, ToGate;
        public double* Sums;
        public long B, T, C, N;
        public double Epsilon;
    }
}

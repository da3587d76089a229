using System.Runtime.CompilerServices;
using Espalier.Torch.Kernels.Vectors;
using static Espalier.Torch.Kernels.KernelErrors;

namespace Espalier.Torch.Kernels.Optimizers;

/// <summary>
/// One update of Adam with decoupled weight decay (arXiv 1711.05101), reading and writing each number once, and what it moved.
/// </summary>
internal static unsafe class AdamWKernel
{
    private const string Name = "adamw";

    // Elements of a piece: measured sums are added up piece by piece, with any number of threads.
    private const long Piece = 1 << 14;

    /// <summary>Σ (w after − w before)² and Σ (w before)²; zeros where nothing is measured.</summary>
    public static (double Moved, double Size) Update(
        Tensor weight, Tensor gradient, Tensor first, Tensor second, AdamWStep step, bool measure)
    {
        foreach (var tensor in (ReadOnlySpan<Tensor>)[weight, gradient, first, second])
            if (tensor.DType != DType.Float32 || !tensor.Shape.SequenceEqual(weight.Shape))
                throw Of(
                    Name, $"weight is {weight.DType} {Sizes(weight)} and another {tensor.DType} "
                        + $"{Sizes(tensor)}; all must be float32 and have the same shape");
        foreach (var tensor in (ReadOnlySpan<Tensor>)[weight, first, second])
            if (!tensor.IsContiguous)
                throw Of(Name, "weight and moments must be contiguous");
        var count = weight.ElementCount;
        var pieces = (count + Piece - 1) / Piece;
        using var w = Operand.Of(weight);
        using var g = Operand.InOrder(gradient);
        using var m = Operand.Of(first);
        using var v = Operand.Of(second);
        var sums = measure ? (double*)Scratch.Of(4 * pieces) : null; // the pieces themselves ask for none
        var job = new Job { Weight = w.Floats, Gradient = g.Floats, First = m.Floats, Second = v.Floats, Count = count, Step = step };
        job.Sums = sums;
        Workers.For(0, pieces, 1, Width.Of(&Pieces<Floats512>, &Pieces<Floats256>, &Pieces<Floats128>), &job);
        weight.Written();
        first.Written();
        second.Written();
        var (moved, size) = (0.0, 0.0);
        for (var piece = 0L; measure && piece < pieces; piece++)
            (moved, size) = (moved + sums[2 * piece], size + sums[2 * piece + 1]);
        return (moved, size);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Pieces<TV>(long first, long last, void* context) where TV : unmanaged, IFloats<TV>
    {
        var job = (Job*)context;
        float* w = job->Weight, g = job->Gradient, m = job->First, v = job->Second;
        var all = Factors<TV>.Of(job->Step);
        for (var piece = first; piece < last; piece++)
        {
            var (i, end) = (piece * Piece, Math.Min(job->Count, (piece + 1) * Piece));
            var (moved, size) = (0.0, 0.0);
            for (; i + TV.Lanes <= end; i += TV.Lanes)
            {
                TV before = TV.Load(w + i), mean = TV.Load(m + i), square = TV.Load(v + i);
                var after = Updated(before, TV.Load(g + i), ref mean, ref square, all);
                after.Store(w + i);
                mean.Store(m + i);
                square.Store(v + i);
                if (job->Sums != null)
                    Measure(before, after, ref moved, ref size);
            }
            if (i < end)
            {
                var left = end - i;
                TV before = Tail.Load<TV>(w + i, left), mean = Tail.Load<TV>(m + i, left), square = Tail.Load<TV>(v + i, left);
                var after = Updated(before, Tail.Load<TV>(g + i, left), ref mean, ref square, all);
                Tail.Store(after, w + i, left);
                Tail.Store(mean, m + i, left);
                Tail.Store(square, v + i, left);
                if (job->Sums != null)
                    Measure(before, after, ref moved, ref size);
            }
            if (job->Sums != null)
                (job->Sums[2 * piece], job->Sums[2 * piece + 1]) = (moved, size);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TV Updated<TV>(TV weight, TV gradient, ref TV mean, ref TV square, in Factors<TV> by) where TV : unmanaged, IFloats<TV>
    {
        var g = gradient * by.Clip;
        mean = TV.MultiplyAdd(g - mean, by.Fresh1, mean);
        square = TV.MultiplyAdd(g * g, by.Fresh2, square * by.Beta2);
        var denominator = TV.MultiplyAdd(TV.SquareRoot(square), by.Correction2, by.Epsilon);
        return TV.MultiplyAdd(by.Rate, mean / denominator, weight * by.Shrink);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Measure<TV>(TV before, TV after, ref double moved, ref double size) where TV : unmanaged, IFloats<TV>
    {
        var apart = after - before;
        moved += (apart * apart).WideSum();
        size += (before * before).WideSum();
    }

    private readonly struct Factors<TV> where TV : unmanaged, IFloats<TV>
    {
        public TV Clip { get; private init; }
        public TV Shrink { get; private init; }
        public TV Fresh1 { get; private init; }
        public TV Beta2 { get; private init; }
        public TV Fresh2 { get; private init; }
        public TV Correction2 { get; private init; }
        public TV Epsilon { get; private init; }
        public TV Rate { get; private init; }

        public static Factors<TV> Of(AdamWStep step) => new()
        {
            Clip = TV.All((float)step.Clip),
            Shrink = TV.All((float)(1 - step.Rate * step.Decay)),
            Fresh1 = TV.All((float)(1 - step.Beta1)),
            Beta2 = TV.All((float)step.Beta2),
            Fresh2 = TV.All((float)(1 - step.Beta2)),
            Correction2 = TV.All((float)(1 / step.Correction2)),
            Epsilon = TV.All((float)step.Epsilon),
            Rate = TV.All((float)(-step.Rate / step.Correction1)),
        };
    }

    private struct Job
    {
        public float* Weight, Gradient, First, Second;
        public double* Sums;
        public long Count;
        public AdamWStep Step;
    }
}

using System.Runtime.CompilerServices;

namespace Espalier.Torch.Kernels.Norms;

/// <summary>The sum of squares of a float32 tensor in float64, with the same bits on all processors and any number of threads.</summary>
internal static unsafe class SquaresKernel
{
    private const long Piece = 1 << 15;

    public static double Sum(Tensor x)
    {
        var count = x.ElementCount;
        var pieces = (count + Piece - 1) / Piece;
        using var from = Operand.InOrder(x);
        var sums = (double*)Scratch.Of(2 * pieces); // the pieces themselves ask for none
        var job = new Job { X = from.Floats, Sums = sums, Count = count };
        Workers.For(0, pieces, 1, &Pieces, &job);
        var total = 0.0;
        for (var piece = 0L; piece < pieces; piece++)
            total += sums[piece];
        return total;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Pieces(long first, long last, void* context)
    {
        var job = (Job*)context;
        for (var piece = first; piece < last; piece++)
        {
            var begin = piece * Piece;
            job->Sums[piece] = RowNormsKernel.Squares(job->X + begin, Math.Min(Piece, job->Count - begin));
        }
    }

    private struct Job
    {
        public float* X;
        public double* Sums;
        public long Count;
    }
}

using System.Runtime.CompilerServices;
using Espalier.Torch.Kernels.Losses;
using Espalier.Torch.Kernels.Vectors;
using static Espalier.Torch.Kernels.KernelErrors;

namespace Espalier.Torch.Kernels.Elements;

/// <summary>
/// The gradient of an embedding's table: each position's gradient is added to the row of its id. Threads share the columns, and each goes
/// through the positions in order: nothing is sorted, and the number of threads does not show.
/// </summary>
internal static unsafe class EmbeddingKernel
{
    private const string Name = "embedding_backward";
    private const long Columns = 32; // a thread's least, two cache lines

    /// <summary>table[ids[i]] += gradient[i], of a table [V, D], ids of any shape and their gradients [..., D].</summary>
    public static void AddTo(Tensor table, Tensor gradient, Tensor ids)
    {
        if (table.Dimensions != 2 || table.DType != DType.Float32 || gradient.DType != DType.Float32 || ids.DType != DType.Int64
            || !table.IsContiguous || gradient.ElementCount != ids.ElementCount * table.Size(1))
            throw Of(
                Name, $"the table is {table.DType} {Sizes(table)}, ids {ids.DType} {Sizes(ids)} and gradients {gradient.DType} "
                    + $"{Sizes(gradient)}");
        using var to = Operand.Of(table);
        using var from = Operand.InOrder(gradient);
        using var rows = Operand.InOrder(ids);
        var count = ids.ElementCount;
        TokenNllKernel.CheckIds(Name, rows.Longs, count, table.Size(0));
        var job = new Job { Table = to.Floats, Gradient = from.Floats, Ids = rows.Longs, Count = count, D = table.Size(1) };
        Workers.For(0, (job.D + Columns - 1) / Columns, 1, Width.Of(&Stripes<Floats512>, &Stripes<Floats256>, &Stripes<Floats128>), &job);
        table.Written();
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Stripes<TV>(long first, long last, void* context) where TV : unmanaged, IFloats<TV>
    {
        var job = (Job*)context;
        var (begin, end, D) = (first * Columns, Math.Min(job->D, last * Columns), job->D);
        for (var i = 0L; i < job->Count; i++)
        {
            float* row = job->Table + job->Ids[i] * D, gradient = job->Gradient + i * D;
            var d = begin;
            for (; d + TV.Lanes <= end; d += TV.Lanes)
                (TV.Load(row + d) + TV.Load(gradient + d)).Store(row + d);
            for (; d < end; d++)
                row[d] += gradient[d];
        }
    }

    private struct Job
    {
        public float* Table, Gradient;
        public long* Ids;
        public long Count, D;
    }
}

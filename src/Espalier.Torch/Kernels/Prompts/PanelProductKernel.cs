using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;
using Espalier.Torch.Kernels.Elements;
using Espalier.Torch.Kernels.Products;
using Espalier.Torch.Kernels.Vectors;

namespace Espalier.Torch.Kernels.Prompts;

/// <summary>
/// Many positions times matrices, y = W x + b with the positions in the lanes: what a prompt asks of every weight. A general product packs
/// the weights at each call; here a row of them is read as it lies, each weight for 32 positions, and what a product writes is what the
/// next one reads. Each output of a position is one sum in a fixed order, in blocks of at most <see cref="Depth"/>, whatever the number of
/// threads and of the positions beside it.
/// </summary>
internal static unsafe class PanelProductKernel
{
    /// <summary>Outputs of a task, whose weights stay in the second cache while panels pass.</summary>
    public const int Outputs = 32;

    // Panels of a task; inputs of a block, which a panel has in the first cache; and products below which a second thread costs more to
    // wake than it saves.
    private const long Group = 8, Depth = 256, Enough = 1 << 21;

    private const int Wide = Tile.Positions, Line = 64;

    public static void Run(ref PanelProductJob job)
    {
        var groups = (job.Panels + Group - 1) / Group;
        var products = Outputs * Math.Max(1, job.K) * Math.Min(Group, job.Panels) * Wide;
        fixed (PanelProductJob* here = &job)
            Workers.For(0, groups * job.Chunks, Math.Max(1, Enough / Math.Max(1, products)),
                Width.Of(&Tasks<Floats512>, &Tasks<Floats256>, &Tasks<Floats128>), here);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tasks<TV>(long first, long last, void* context) where TV : unmanaged, IFloats<TV>
    {
        var job = (PanelProductJob*)context;
        for (var task = first; task < last; task++)
        {
            // A thread takes all groups of panels of some weights.
            var groups = (job->Panels + Group - 1) / Group;
            var (at, begin) = (task / groups, task % groups * Group);
            var panels = Math.Min(Group, job->Panels - begin);
            var part = &job->A;
            if (job->Units == PanelProductJob.Unit.None && at >= part->Chunks)
            {
                at -= part->Chunks;
                part = &job->B;
                if (at >= part->Chunks)
                {
                    at -= part->Chunks;
                    part = &job->C;
                }
            }
            var n = at * Outputs;
            var x = job->X + begin * job->K * Wide;
            var count = Math.Min(Outputs, part->N - n);
            var y = part->Y + (begin * part->N + n) * Wide;
            if (job->Units == PanelProductJob.Unit.None)
            {
                Chunk<TV>(job, part, n, count, x, panels, y, part->N * Wide, job->Adds, Own(job, 0));
                continue;
            }
            var up = Own(job, panels * Outputs * Wide);
            var unpacked = up + panels * Outputs * Wide;
            Chunk<TV>(job, &job->B, n, count, x, panels, up, Outputs * Wide, adds: false, unpacked);
            Chunk<TV>(job, part, n, count, x, panels, y, part->N * Wide, adds: false, unpacked);
            for (var p = 0L; p < panels; p++)
                if (job->Units == PanelProductJob.Unit.Silu)
                    Gate<TV, SiluGate>(y + p * part->N * Wide, up + p * Outputs * Wide, count * Wide);
                else
                    Gate<TV, GeluGate>(y + p * part->N * Wide, up + p * Outputs * Wide, count * Wide);
        }
    }

    // Room for so many floats, and after them for a task's weights where they have to be unpacked.
    private static float* Own(PanelProductJob* job, long floats) =>
        Scratch.Of(floats + (job->Format == WeightFormat.Float32 ? 0 : Outputs * job->K));

    // Outputs n, ..., n + count of some panels.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Chunk<TV>(
        PanelProductJob* job, PanelProductJob.Part* part, long n, long count, float* x, long panels, float* y, long step, bool adds,
        float* unpacked)
        where TV : unmanaged, IFloats<TV>
    {
        var K = job->K;
        var weights = (float*)part->Weights + n * K;
        if (job->Format != WeightFormat.Float32)
        {
            Unpack(job, part, n, count, unpacked);
            weights = unpacked;
        }
        var pieces = Math.Max(1, (K + Depth - 1) / Depth);
        for (var piece = 0L; piece < pieces; piece++)
        {
            long from = K * piece / pieces, to = K * (piece + 1) / pieces;
            for (var p = 0L; p < panels; p++)
            {
                if (job->Format == WeightFormat.Float32)
                    Ask(weights + count * K, count * K, piece * panels + p, pieces * panels);
                Tile.MultiplyPanel<TV>(
                    weights + from, K, 1, x + (p * K + from) * Wide, y + p * step, count, to - from, add: adds || piece > 0);
            }
        }
        if (part->Bias == null)
            return;
        for (var p = 0L; p < panels; p++)
            for (var row = 0L; row < count; row++)
            {
                var to = y + p * step + row * Wide;
                var bias = TV.All(part->Bias[n + row]);
                for (var lane = 0; lane < Wide; lane += TV.Lanes)
                    (TV.Load(to + lane) + bias).Store(to + lane);
            }
    }

    private static void Unpack(PanelProductJob* job, PanelProductJob.Part* part, long n, long count, float* to)
    {
        using var alone = Workers.Alone(true);
        var (bytes, blocks) = (job->Format == WeightFormat.BFloat16 ? 2 : 1, PackKernel.Blocks(job->K));
        PackKernel.ToFloats(job->Format, part->Weights + n * job->K * bytes, part->Scales + n * blocks, count, job->K, to);
    }

    // Weights come from far away: while panels pass, the next task's are asked for, a part with each.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Ask(float* weights, long count, long part, long parts)
    {
        if (!Sse.IsSupported)
            return;
        byte* from = (byte*)(weights + count * part / parts), to = (byte*)(weights + count * (part + 1) / parts);
        for (; from < to; from += Line)
            Sse.Prefetch1(from);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Gate<TV, TG>(float* gate, float* up, long count) where TV : unmanaged, IFloats<TV> where TG : struct, IGate
    {
        for (var i = 0L; i < count; i += TV.Lanes)
            GatedUnit<TG>.Of(TV.Load(gate + i), TV.Load(up + i), TV.All(0)).Store(gate + i);
    }
}

using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;
using Espalier.Torch.Kernels.Elements;
using Espalier.Torch.Kernels.Products;

namespace Espalier.Torch.Kernels.Prompts;

/// <summary>Rows of positions into panels [panels][width][32], and back.</summary>
internal static unsafe class PanelTurnKernel
{
    private const int Wide = Tile.Positions;

    // Panels are turned in the order of memory; less than this is done before a second thread is awake.
    private const long Enough = 1 << 16;

    /// <summary>Rows [positions, width] into panels; positions that the last panel lacks are zero.</summary>
    public static void FromRows(float* rows, long step, long positions, long width, float* panels)
    {
        var job = new Job { Rows = rows, Panels = panels, Step = step, Positions = positions, Width = width };
        Run(ref job, &From);
    }

    /// <summary>Panels into rows [positions, width].</summary>
    public static void ToRows(float* panels, long positions, long width, float* rows, long step)
    {
        var job = new Job { Rows = rows, Panels = panels, Step = step, Positions = positions, Width = width };
        Run(ref job, &To);
    }

    private static void Run(ref Job job, delegate*<long, long, void*, void> body)
    {
        fixed (Job* here = &job)
            Workers.For(0, (job.Positions + Wide - 1) / Wide, Math.Max(1, Enough / Math.Max(1, job.Width * Wide)), body, here);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void From(long first, long last, void* context)
    {
        var job = *(Job*)context;
        for (var panel = first; panel < last; panel++)
        {
            var there = Math.Min(Wide, job.Positions - panel * Wide);
            float* rows = job.Rows + panel * Wide * job.Step, to = job.Panels + panel * job.Width * Wide;
            var i = 0L;
            if (Sse.IsSupported && there == Wide)
                for (; i + 4 <= job.Width; i += 4)
                    for (var lane = 0L; lane < Wide; lane += 4)
                        TurnKernel.Four(rows + lane * job.Step + i, job.Step, to + i * Wide + lane, Wide);
            for (; i < job.Width; i++)
                for (var lane = 0L; lane < Wide; lane++)
                    to[i * Wide + lane] = lane < there ? rows[lane * job.Step + i] : 0;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void To(long first, long last, void* context)
    {
        var job = *(Job*)context;
        for (var panel = first; panel < last; panel++)
        {
            var there = Math.Min(Wide, job.Positions - panel * Wide);
            float* from = job.Panels + panel * job.Width * Wide, rows = job.Rows + panel * Wide * job.Step;
            var lane = 0L;
            if (Sse.IsSupported)
                for (; lane + 4 <= there; lane += 4)
                {
                    var i = 0L;
                    for (; i + 4 <= job.Width; i += 4)
                        TurnKernel.Four(from + i * Wide + lane, Wide, rows + lane * job.Step + i, job.Step);
                    for (; i < job.Width; i++)
                        for (var l = lane; l < lane + 4; l++)
                            rows[l * job.Step + i] = from[i * Wide + l];
                }
            for (; lane < there; lane++)
                for (var i = 0L; i < job.Width; i++)
                    rows[lane * job.Step + i] = from[i * Wide + lane];
        }
    }

    private struct Job
    {
        public float* Rows, Panels;
        public long Step, Positions, Width;
    }
}

using System.Runtime.CompilerServices;
using Espalier.Torch.Kernels.Elements;
using Espalier.Torch.Kernels.Products;
using Espalier.Torch.Kernels.Vectors;

namespace Espalier.Torch.Kernels.Prompts;

/// <summary><see cref="RotateKernel"/> of positions in lanes, where they lie.</summary>
internal static unsafe class PanelRotateKernel
{
    private const int Wide = Tile.Positions;

    /// <summary>Turns heads [panels][N · H][32] by tables [panels][half][32].</summary>
    public static void Run(float* x, float* cos, float* sin, long panels, long N, long H, long half)
    {
        var job = new Job { X = x, Cos = cos, Sin = sin, N = N, H = H, Half = half };
        Workers.For(0, panels, Math.Max(1, 65_536 / Math.Max(1, N * H * Wide)),
            Width.Of(&Panels<Floats512>, &Panels<Floats256>, &Panels<Floats128>), &job);
    }

    // Entry i of a head turns with entry i + half; the entries after the two halves stay.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Panels<TV>(long first, long last, void* context) where TV : unmanaged, IFloats<TV>
    {
        var job = *(Job*)context;
        var half = job.Half * Wide;
        for (var panel = first; panel < last; panel++)
        {
            float* cos = job.Cos + panel * half, sin = job.Sin + panel * half;
            for (var head = 0L; head < job.N; head++)
            {
                var x = job.X + (panel * job.N + head) * job.H * Wide;
                for (var i = 0L; i < half; i += TV.Lanes)
                {
                    TV a = TV.Load(x + i), b = TV.Load(x + half + i), c = TV.Load(cos + i), s = TV.Load(sin + i);
                    (a * c - b * s).Store(x + i);
                    (b * c + a * s).Store(x + half + i);
                }
            }
        }
    }

    private struct Job
    {
        public float* X, Cos, Sin;
        public long N, H, Half;
    }
}

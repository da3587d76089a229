using System.Runtime.CompilerServices;
using Espalier.Torch.Kernels.Norms;
using Espalier.Torch.Kernels.Products;
using Espalier.Torch.Kernels.Vectors;

namespace Espalier.Torch.Kernels.Prompts;

/// <summary>
/// The norms of <see cref="RmsNormKernel"/> and <see cref="LayerNormKernel"/> of positions in lanes: the sums of a position run down a
/// lane, in pieces of <see cref="Piece"/>.
/// </summary>
internal static unsafe class PanelNormKernel
{
    private const int Wide = Tile.Positions;

    // Terms that are summed before they are added to the others: long sums in one go lose digits.
    private const long Piece = 64;

    /// <summary>y = x w / √(mean of x² + ε) of each n of the channels, [panels][channels][32]; y may be x.</summary>
    public static void Rms(float* x, float* weight, double epsilon, long panels, long channels, long n, float* y)
    {
        var job = new Job { X = x, Weight = weight, Y = y, Channels = channels, N = n, Epsilon = (float)epsilon };
        Workers.For(0, panels, Grain(channels), Width.Of(&RmsPanels<Floats512>, &RmsPanels<Floats256>, &RmsPanels<Floats128>), &job);
    }

    /// <summary>y = (x − mean) / √(variance + ε) · (w + plus) + b, the same.</summary>
    public static void Layer(
        float* x, float* weight, float* bias, double epsilon, float plus, long panels, long channels, long n, float* y)
    {
        var job = new Job { X = x, Weight = weight, Bias = bias, Y = y, Channels = channels, N = n, Epsilon = (float)epsilon, Plus = plus };
        Workers.For(0, panels, Grain(channels), Width.Of(&LayerPanels<Floats512>, &LayerPanels<Floats256>, &LayerPanels<Floats128>), &job);
    }

    private static long Grain(long channels) => Math.Max(1, 65_536 / Math.Max(1, channels * Wide));

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void RmsPanels<TV>(long first, long last, void* context) where TV : unmanaged, IFloats<TV>
    {
        var job = *(Job*)context;
        for (var at = first * job.Channels; at < last * job.Channels; at += job.N)
            for (var lane = 0L; lane < Wide; lane += TV.Lanes)
            {
                float* x = job.X + at * Wide + lane, y = job.Y + at * Wide + lane;
                var r = Factor(Squares(x, job.N, TV.All(0)), job.N, job.Epsilon);
                for (var i = 0L; i < job.N; i++)
                    (TV.Load(x + i * Wide) * r * TV.All(job.Weight[i])).Store(y + i * Wide);
            }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void LayerPanels<TV>(long first, long last, void* context) where TV : unmanaged, IFloats<TV>
    {
        var job = *(Job*)context;
        for (var at = first * job.Channels; at < last * job.Channels; at += job.N)
            for (var lane = 0L; lane < Wide; lane += TV.Lanes)
            {
                float* x = job.X + at * Wide + lane, y = job.Y + at * Wide + lane;
                var mean = Sum<TV>(x, job.N) * TV.All(1f / job.N);
                var r = Factor(Squares(x, job.N, mean), job.N, job.Epsilon);
                for (var i = 0L; i < job.N; i++)
                    TV.MultiplyAdd(
                        (TV.Load(x + i * Wide) - mean) * r, TV.All(job.Weight[i] + job.Plus), TV.All(job.Bias[i])).Store(y + i * Wide);
            }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TV Factor<TV>(TV squares, long n, float epsilon) where TV : unmanaged, IFloats<TV> =>
        TV.All(1) / TV.SquareRoot(squares / TV.All(n) + TV.All(epsilon));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TV Squares<TV>(float* x, long n, TV mean) where TV : unmanaged, IFloats<TV>
    {
        var total = TV.All(0);
        for (var from = 0L; from < n; from += Piece)
        {
            TV even = TV.All(0), odd = TV.All(0);
            var (i, to) = (from, Math.Min(n, from + Piece));
            for (; i + 2 <= to; i += 2)
            {
                TV a = TV.Load(x + i * Wide) - mean, b = TV.Load(x + i * Wide + Wide) - mean;
                even = TV.MultiplyAdd(a, a, even);
                odd = TV.MultiplyAdd(b, b, odd);
            }
            if (i < to)
            {
                var a = TV.Load(x + i * Wide) - mean;
                even = TV.MultiplyAdd(a, a, even);
            }
            total += even + odd;
        }
        return total;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TV Sum<TV>(float* x, long n) where TV : unmanaged, IFloats<TV>
    {
        var total = TV.All(0);
        for (var from = 0L; from < n; from += Piece)
        {
            var piece = TV.All(0);
            for (var i = from; i < Math.Min(n, from + Piece); i++)
                piece += TV.Load(x + i * Wide);
            total += piece;
        }
        return total;
    }

    private struct Job
    {
        public float* X, Weight, Bias, Y;
        public long Channels, N;
        public float Epsilon, Plus;
    }
}

namespace Espalier.Benchmarks;

/// <summary>A kernel and what a call of it does and moves.</summary>
/// <param name="Name">The kernel.</param>
/// <param name="Operations">Of a call.</param>
/// <param name="Bytes">That a call reads and writes at least once.</param>
/// <param name="Cached">Whether these are in the cache from the call before, so that memory is no roof.</param>
/// <param name="Make">Makes the operands, and a call on them.</param>
internal sealed record RooflineKernel(string Name, double Operations, double Bytes, bool Cached, Func<Action> Make);

internal static partial class KernelsBenchmark
{
    // Elements of a large operand: 256 MB, and as much beside them, are more than the caches of a socket.
    private const long Many = 1 << 26;

    /// <summary>
    /// The kernels that do most of the work beside products: those that move more than they compute on operands of some megabytes and on
    /// half a gigabyte, attention as it is.
    /// </summary>
    public static IEnumerable<RooflineKernel> Roofline()
    {
        double pairs = B * N * T * (T + 1) / 2, heads = B * T * N * H;
        var scale = 1 / Math.Sqrt(H);
        return
        [
            .. Streaming(B * T * D, cached: true),
            .. Streaming(Many, cached: false),
            new("attention", 4 * pairs * H, 4 * (2 * heads + 2 * heads * K / N), false, () =>
            {
                var (q, k, v) = (Values(B, T, N, H), Values(B, T, K, H), Values(B, T, K, H));
                return () => q.CausalAttention(k, v, scale, null);
            }),
            new("attention-backward", 14 * pairs * H, 4 * (5 * heads + 6 * heads * K / N), false, () =>
            {
                var (q, k, v) = (Values(B, T, N, H), Values(B, T, K, H), Values(B, T, K, H));
                return () => Back(a => a[0].CausalAttention(a[1], a[2], scale, null), q, k, v);
            }),
        ];
    }

    /// <summary>Processor seconds of a call, the median of seven rounds; the operands are gone afterwards.</summary>
    public static double Seconds(RooflineKernel kernel)
    {
        using var scope = TensorScope.Begin();
        var work = kernel.Make();
        var calls = Calls(work);
        return Enumerable.Range(0, 7).Select(_ => Measure(work, calls).Processor).Order().ElementAt(3);
    }

    private static RooflineKernel[] Streaming(long elements, bool cached)
    {
        RooflineKernel Made(string name, double operations, double bytes, long count, Func<Action> make) =>
            new(name, operations * count, bytes * count, cached, make);
        return
        [
            Made("rms-norm", 4, 8, elements, () =>
            {
                var (x, weight) = (Filled(elements / D, D), Filled(D));
                return () => x.RmsNorm(weight, 1e-5);
            }),
            Made("rotate", 3, 8, elements, () =>
            {
                var (q, cos, sin) = (Filled(elements / (T * N * H), T, N, H), Filled(T, 1, H / 2), Filled(T, 1, H / 2));
                return () => q.Rotate(cos, sin);
            }),
            Made("silu-mul", 12, 12, elements, () =>
            {
                var (gate, up) = (Filled(elements / D, D), Filled(elements / D, D));
                return () => gate.SiluMul(up);
            }),
            Made("forward-kl", 40, 12, elements, () =>
            {
                // Overwritten by each call: a slope is as good a row of logits as any.
                var (student, teacher) = (Filled(elements / V, V), Filled(elements / V, V));
                return () => student.DivergenceInPlace(teacher, 1);
            }),
            Made("reverse-kl", 50, 12, elements, () => Compared(elements, new RowLoss<ReverseKlRow>())),
            Made("jensen-shannon", 100, 12, elements, () => Compared(elements, new RowLoss<MixtureRow>(1, 0.5, 0.5, 0.5))),
            Made("adamw", 14, 28, elements / 2, () =>
            {
                var state = Array.ConvertAll(new double[4], _ => Filled(elements / 2));
                return () => state[0].AdamWInPlace(state[1], state[2], state[3], new(1e-7, 0.9, 0.95, 1e-8, 0.1, 1, 10));
            }),
        ];
    }

    private static Action Compared(long elements, RowLoss loss)
    {
        var (student, teacher) = (Filled(elements / V, V), Filled(elements / V, V));
        return () => student.RowLossInPlace(teacher, loss);
    }

    private static Tensor Filled(params long[] shape) => Tensor.Full(1e-3, DType.Float32, shape);
}

using Espalier.Torch.Dispatch;
using Espalier.Torch.Gradients;
using Espalier.Torch.Operators;

namespace Espalier.Torch.Layers;

// Shapes: B batch, T queries, S keys, N query heads, K key/value heads, H head width.

/// <summary>Attention by libtorch's flash attention, on CUDA.</summary>
public static class FlashAttentionOperators
{
    /// <summary>Wider heads its kernels do not take, nor widths that are no multiple of the other.</summary>
    private const long WidestFlashHead = 256, FlashHeadMultiple = 8;

    extension(Tensor queries)
    {
        /// <summary>
        /// Whether libtorch's flash attention (arXiv 2307.08691) takes queries of these heads: on CUDA, of widths that its kernels have.
        /// </summary>
        public bool TakesFlashAttention =>
            queries.Device.IsCuda && queries.Size(-1) % FlashHeadMultiple == 0 && queries.Size(-1) <= WidestFlashHead;
    }

    /// <summary>
    /// <see cref="AttentionOperators.CausalAttention"/> by libtorch's flash attention, in bfloat16, whatever the type of the operands:
    /// products add up in float32, and neither scores nor probabilities are in memory, back as forward. Gradients have the operands' types.
    /// Rows are one text each. Only where <see cref="extension(Tensor).TakesFlashAttention"/>.
    /// </summary>
    /// <param name="queries">Queries.</param>
    /// <param name="keys">Keys; K divides N.</param>
    /// <param name="values">Values, of the keys' shape.</param>
    /// <param name="scale">What products are multiplied by.</param>
    /// <param name="window">Keys that a query sees, its own included, or null for all up to its own.</param>
    /// <returns>[B, T, N, H], bfloat16.</returns>
    public static Tensor FlashAttention(this Tensor queries, Tensor keys, Tensor values, double scale, long? window)
    {
        var (B, T, S, N, H) = (queries.Size(0), queries.Size(1), keys.Size(1), queries.Size(2), queries.Size(3));
        Tensor Rows(Tensor x) => (x.DType == DType.BFloat16 ? x : x.To(DType.BFloat16)).Reshape(-1, x.Size(2), H);
        return Flash(Rows(queries), Rows(keys), Rows(values), B, scale, window).View(B, T, N, H);
    }

    private static Tensor Flash(Tensor q, Tensor k, Tensor v, long B, double scale, long? window)
    {
        if (B == 0)
            return q;
        var (T, S) = (q.Size(0) / B, k.Size(0) / B);
        using Tensor queryBounds = q.Bounds(B, T), keyBounds = q.Bounds(B, S);
        Argument left = window is { } most ? most - 1 : Argument.None, right = window is null ? Argument.None : 0L;
        Tensor[] made;
        using (GradMode.Disable())
            made = Ops.FlashAttention.CallMany(
                q, k, v, queryBounds, keyBounds, T, S, 0.0, true, false, scale, left, right, Argument.None, Argument.None);
        var (y, sums, random, unused) = (made[0], made[1], made[2], made[3]);
        made[4].Dispose();
        Tape.Record(y, [q, k, v], [q, k, v, y, sums, random, unused], (node, g, into) =>
        {
            using Tensor queryBounds = g.Bounds(B, T), keyBounds = g.Bounds(B, S);
            var slopes = BackwardOps.FlashAttention.CallMany(
                g.Contiguous(), node[0], node[1], node[2], node[3], node[4], queryBounds, keyBounds, T, S, 0.0, true, node[5], node[6],
                scale, left, right);
            (into[0], into[1], into[2]) = (slopes[0], slopes[1], slopes[2]);
        }, scale);
        foreach (var tensor in (Tensor[])[sums, random, unused])
            tensor.Dispose();
        return y;
    }

    // Where each row begins among all rows' positions, and where the last one ends: B + 1 of them, Int32.
    private static Tensor Bounds(this Tensor queries, long B, long length)
    {
        using var scope = TensorScope.Begin();
        int[] bounds = [.. Enumerable.Range(0, (int)B + 1).Select(row => (int)(row * length))];
        return scope.Keep(Tensor.From<int>(bounds, B + 1).On(queries.Device));
    }
}

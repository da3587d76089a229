using Espalier.Torch.Gradients;
using Espalier.Torch.Kernels;
using Espalier.Torch.Kernels.Attention;
using Espalier.Torch.Operators;

namespace Espalier.Torch.Layers;

// Shapes: B batch, T queries, S keys, N query heads, K key/value heads, G = N / K, H head width, C queries of a block, E keys that they
// see.

/// <summary>Causal grouped-query attention (arXiv 1706.03762, 2305.13245).</summary>
public static class AttentionOperators
{
    /// <summary>Queries of a block: the scores of one block are in memory at a time.</summary>
    private const long AttentionBlock = 512;

    /// <summary>
    /// Causal grouped-query attention of these queries [B, T, N, H], the last T of the S positions of keys and values [B, S, K, H]: [B, T,
    /// N, H]. The scores are never in memory. By our kernel, only where <see cref="KernelTypes.extension(Tensor).IsForwardFused"/>;
    /// elsewhere by <see cref="CausalAttentionByParts"/>.
    /// </summary>
    /// <param name="queries">Queries.</param>
    /// <param name="keys">Keys; K divides N.</param>
    /// <param name="values">Values, of the keys' shape.</param>
    /// <param name="scale">What products are multiplied by, 1/√H by custom.</param>
    /// <param name="window">Keys that a query sees, its own included, or null for all up to its own.</param>
    /// <param name="begins">
    /// Where rows hold several documents: the position at which each query's document begins, Int64 [B, T], never falling along T; it sees
    /// nothing before it.
    /// </param>
    /// <param name="cap">c in c · tanh(score / c), which scaled scores pass; null for none.</param>
    /// <param name="sinks">
    /// A logit of each query head, [N], that takes part in the softmax of its scores and whose probability is dropped (GPT-OSS): no scale
    /// and no cap is on it. Null for none.
    /// </param>
    public static Tensor CausalAttention(this Tensor queries, Tensor keys, Tensor values, double scale, long? window,
        Tensor? begins = null, double? cap = null, Tensor? sinks = null)
    {
        if (!GradMode.Records(queries, keys, values, sinks))
            return AttentionKernel.Forward(queries, keys, values, scale, window, begins, cap, sinks: sinks);
        var (y, sums) = AttentionKernel.ForwardKept(queries, keys, values, scale, window, begins, cap, sinks);
        // A window that there is has one key at least.
        Tape.Record(
            y, sinks is null ? [queries, keys, values] : [queries, keys, values, sinks],
            [y, sums, queries, keys, values, begins, sinks], cap is { } c ? BackThroughCap(c) : s_backThroughAttention, scale, window ?? 0);
        sums.Dispose();
        return y;
    }

    /// <summary>
    /// The same where each query does not see two stretches of the positions before it, as tokens of one continuation do not see others
    /// between them and what they have in common. No gradient.
    /// </summary>
    /// <param name="queries">Queries.</param>
    /// <param name="keys">Keys; K divides N.</param>
    /// <param name="values">Values, of the keys' shape.</param>
    /// <param name="scale">What products are multiplied by.</param>
    /// <param name="begins">The first position that each query sees, Int64 [B, T].</param>
    /// <param name="holes">
    /// Begin and end of the first stretch and of the second, Int64 [B, T, 4], in order; neither holds the query's own position nor the
    /// first that it sees.
    /// </param>
    /// <param name="cap">c in c · tanh(score / c), which scaled scores pass; null for none.</param>
    /// <param name="sinks">As <see cref="CausalAttention"/> has them; null for none.</param>
    internal static Tensor CausalAttentionWithHoles(this Tensor queries, Tensor keys, Tensor values, double scale, Tensor begins,
        Tensor holes, double? cap = null, Tensor? sinks = null) =>
        GradMode.Records(queries, keys, values)
            ? throw new InvalidOperationException("attention with hidden ranges has no gradient")
            : AttentionKernel.Forward(queries, keys, values, scale, null, begins, cap, holes, sinks);

    private static readonly Backward s_backThroughAttention = BackThroughCap(null);

    private static Backward BackThroughCap(double? cap) => (node, g, into) =>
    {
        (into[0], into[1], into[2], var ofSinks) = AttentionKernel.Backward(g, node[0], node[1], node[2], node[3], node[4], node.Number,
            node.First > 0 ? node.First : null, node.KeptOrNull(5), cap, node.KeptOrNull(6));
        if (ofSinks is not null)
            into[3] = ofSinks;
    };

    /// <summary>
    /// The same out of libtorch's operators, a block of queries at a time, forward and, with the scores computed once more, back; on CUDA
    /// forward by libtorch's own attention.
    /// </summary>
    /// <param name="queries">Queries.</param>
    /// <param name="keys">Keys; K divides N.</param>
    /// <param name="values">Values, of the keys' shape.</param>
    /// <param name="scale">What products are multiplied by, 1/√H by custom.</param>
    /// <param name="mask">
    /// What is added to scores, [T, S] or [B, 1, 1, T, S]: −∞ where a query must not look, after its own position at least. Null where each
    /// sees all keys up to its own.
    /// </param>
    /// <param name="cap">c in c · tanh(score / c), which scaled scores pass; null for none.</param>
    /// <param name="sinks">As <see cref="CausalAttention"/> has them; null for none.</param>
    public static Tensor CausalAttentionByParts(
        this Tensor queries, Tensor keys, Tensor values, double scale, Tensor? mask, double? cap = null, Tensor? sinks = null)
    {
        Tensor y;
        using (GradMode.Disable())
            y = queries.Device.IsCuda && cap is null && sinks is null ? queries.AttentionOfLibtorch(keys, values, scale, mask)
                : queries.AttentionInBlocks(keys, values, scale, mask, cap, sinks);
        return Tape.Record(y, sinks is null ? [queries, keys, values] : [queries, keys, values, sinks],
            [queries, keys, values, mask, sinks], (node, g, into) =>
            {
                (into[0], into[1], into[2], var ofSinks) = AttentionBackInBlocks(
                    g, node[0], node[1], node[2], node.Number, node.KeptOrNull(3), cap, node.KeptOrNull(4));
                if (ofSinks is not null)
                    into[3] = ofSinks;
            }, scale);
    }

    /// <summary>
    /// The same by libtorch's attention, which takes the best kernel that the device has for types and shapes. No gradient.
    /// </summary>
    internal static Tensor AttentionOfLibtorch(this Tensor queries, Tensor keys, Tensor values, double scale, Tensor? mask)
    {
        using var noGrad = GradMode.Disable();
        using var scope = TensorScope.Begin();
        var (B, T, S, N, H) = (queries.Size(0), queries.Size(1), keys.Size(1), queries.Size(2), queries.Size(3));
        // Queries that are not all of the positions are the last ones, and libtorch's causal mask begins at the first.
        var isCausal = mask is null && T == S;
        if (mask is null && !isCausal)
            mask = queries.CausalMask(T, S);
        if (mask is { Dimensions: 5 })
            mask = mask.View(B, 1, T, S);
        var y = Ops.Attention.Call(queries.Transpose(1, 2), Heads(keys), Heads(values), mask, 0.0, isCausal, scale);
        return scope.Keep(y.Transpose(1, 2));

        Tensor Heads(Tensor x_BSKH) => x_BSKH.Size(2) == N ? x_BSKH.Transpose(1, 2)
            : x_BSKH.Unsqueeze(3).Expand(B, S, -1, N / x_BSKH.Size(2), H).Reshape(B, S, N, H).Transpose(1, 2);
    }

    private static Tensor AttentionInBlocks(this Tensor queries, Tensor keys, Tensor values, double scale, Tensor? mask, double? cap,
        Tensor? sinks)
    {
        using var scope = TensorScope.Begin();
        var y_BTNH = queries.EmptyLike();
        for (var start = 0L; start < queries.Size(1); start += AttentionBlock)
        {
            using var block = TensorScope.Begin();
            var at = new QueryBlock(queries, keys, start, mask, sinks);
            var y = at.Probabilities(scale, cap).Weights.MatMul(at.Seen(values));
            y_BTNH.Slice(1, start, at.End).CopyInPlace(at.AsQueries(y));
        }
        return scope.Keep(y_BTNH);
    }

    private static (Tensor Queries, Tensor Keys, Tensor Values, Tensor? Sinks) AttentionBackInBlocks(Tensor g_BTNH, Tensor q_BTNH,
        Tensor k_BSKH, Tensor v_BSKH, double scale, Tensor? mask, double? cap, Tensor? sinks)
    {
        using var scope = TensorScope.Begin();
        var (dq, dk, dv, ofSinks) = (q_BTNH.EmptyLike(), k_BSKH.ZerosLike(), v_BSKH.ZerosLike(), sinks?.ZerosLike());
        for (var start = 0L; start < q_BTNH.Size(1); start += AttentionBlock)
        {
            using var block = TensorScope.Begin();
            var at = new QueryBlock(q_BTNH, k_BSKH, start, mask, sinks);
            var (p, slope, ofSink) = at.Probabilities(scale, cap);
            var (g, q) = (at.OfQueries(g_BTNH), at.OfQueries(q_BTNH));
            at.AddTo(dv, p.Transpose(-2, -1).MatMul(g));
            // A sink has no value: it adds nothing to the sum over keys that the softmax's gradient takes off.
            var dp = g.MatMul(at.Seen(v_BSKH).Transpose(-2, -1));
            if (ofSink is not null)
                ofSinks!.AddInPlace(at.OfHeads(dp.Mul(p).Sum([-1], keep: true).Mul(ofSink)), -1);
            var ds = BackwardOps.Softmax.Call(dp, p, -1, p.DType);
            if (slope is not null)
                ds = ds.Mul(slope);
            ds = ds.Mul(scale);
            dq.Slice(1, start, at.End).CopyInPlace(at.AsQueries(ds.MatMul(at.Seen(k_BSKH))));
            at.AddTo(dk, ds.Transpose(-2, -1).MatMul(q));
        }
        return (scope.Keep(dq), scope.Keep(dk), scope.Keep(dv), ofSinks is null ? null : scope.Keep(ofSinks));
    }

    // 0 where a query, one of the last T of S positions, may look, −∞ after its own position.
    private static Tensor CausalMask(this Tensor queries, long T, long S) =>
        Tensor.Full(double.NegativeInfinity, queries.DType, queries.Device, T, S).Triu((int)(S - T) + 1);

    /// <summary>Some of the queries and the keys that they may see: up to the position of the last of them.</summary>
    private readonly struct QueryBlock
    {
        private readonly Tensor _queries, _keys;
        private readonly Tensor? _mask, _sinks;
        private readonly long _start, _seen, _kvHeads;

        public QueryBlock(Tensor queries, Tensor keys, long start, Tensor? mask, Tensor? sinks)
        {
            (_queries, _keys, _start, _kvHeads, _sinks) = (queries, keys, start, keys.Size(2), sinks);
            End = Math.Min(queries.Size(1), start + AttentionBlock);
            _seen = keys.Size(1) - queries.Size(1) + End;
            _mask = mask?.Slice(-2, start, End).Slice(-1, 0, _seen) ?? (End - start == 1 ? null : queries.CausalMask(End - start, _seen));
        }

        /// <summary>The query after the last one.</summary>
        public long End { get; }

        /// <summary>
        /// Softmax of the scores, [B, K, G C, E], d(capped score)/d(score) where they are capped, and the sinks' share, [B, K, G C, 1],
        /// where there are some.
        /// </summary>
        public (Tensor Weights, Tensor? Slope, Tensor? OfSink) Probabilities(double scale, double? cap)
        {
            var (B, N, C) = (_queries.Size(0), _queries.Size(2), End - _start);
            var scores = OfQueries(_queries).Mul(scale).MatMul(Seen(_keys).Transpose(-2, -1));
            var slope = (Tensor?)null;
            if (cap is { } c)
            {
                scores = scores.Capped(c);
                slope = scores.CapSlope(c);
            }
            scores = scores.View(B, _kvHeads, N / _kvHeads, C, _seen);
            if (_mask is not null)
                scores.AddInPlace(_mask);
            if (_sinks is null)
                return (scores.Softmax(-1).View(B, _kvHeads, N / _kvHeads * C, _seen), slope, null);
            var sinks = _sinks.View(1, _kvHeads, N / _kvHeads, 1, 1).Expand(B, _kvHeads, N / _kvHeads, C, 1);
            var weights = Tensor.Cat(-1, scores, sinks).Softmax(-1).View(B, _kvHeads, N / _kvHeads * C, _seen + 1);
            return (weights.Slice(-1, 0, _seen), slope, weights.Slice(-1, _seen, _seen + 1));
        }

        /// <summary>The sums over samples and queries, [N] of [B, K, G C, 1].</summary>
        public Tensor OfHeads(Tensor x) =>
            x.View(_queries.Size(0), _kvHeads, _queries.Size(2) / _kvHeads, End - _start).Sum([0, 3]).View(-1);

        /// <summary>
        /// The block's rows of what has the queries' shape, [B, K, G C, H]: the heads of a group are stacked along the rows.
        /// </summary>
        public Tensor OfQueries(Tensor x_BTNH)
        {
            var (B, N, H) = (x_BTNH.Size(0), x_BTNH.Size(2), x_BTNH.Size(3));
            return x_BTNH.Slice(1, _start, End).Reshape(B, End - _start, _kvHeads, N / _kvHeads, H).Permute(0, 2, 3, 1, 4)
                .Reshape(B, _kvHeads, N / _kvHeads * (End - _start), H);
        }

        /// <summary>The way back, [B, C, N, H].</summary>
        public Tensor AsQueries(Tensor x)
        {
            var (B, N) = (_queries.Size(0), _queries.Size(2));
            return x.View(B, _kvHeads, N / _kvHeads, End - _start, x.Size(-1)).Permute(0, 3, 1, 2, 4)
                .Reshape(B, End - _start, N, x.Size(-1));
        }

        /// <summary>Keys or values that the block sees, [B, K, E, H].</summary>
        public Tensor Seen(Tensor x_BSKH) => x_BSKH.Slice(1, 0, _seen).Transpose(1, 2);

        /// <summary>Adds to their gradient.</summary>
        public void AddTo(Tensor sum_BSKH, Tensor x) => sum_BSKH.Slice(1, 0, _seen).AddInPlace(x.Transpose(1, 2));
    }
}

using Espalier.Torch.Kernels.Vectors;
using static Espalier.Torch.Kernels.KernelErrors;

namespace Espalier.Torch.Kernels.Attention;

/// <summary>Causal grouped-query attention without the matrix of scores.</summary>
internal static unsafe class AttentionKernel
{
    /// <summary>Products below which a second thread costs more to wake than it saves.</summary>
    private const long EnoughProducts = 1 << 20;

    private const string Name = "causal_attention";

    /// <summary>What comes out, [B, T, N, H].</summary>
    /// <param name="q">Queries.</param>
    /// <param name="k">Keys.</param>
    /// <param name="v">Values.</param>
    /// <param name="scale">What scores are multiplied by.</param>
    /// <param name="window">Keys that a query sees, its own included, or null.</param>
    /// <param name="begins">The position at which each query's document begins, Int64 [B, T], never falling along T; or null.</param>
    /// <param name="cap">c in c · tanh(score / c), which scaled scores pass; null for none.</param>
    /// <param name="holes"> Two stretches of positions that each query does not see, Int64 [B, T, 4]: begin and end of the first, begin and
    /// end of the second, one after the other; the first position that it sees is in none of them, nor is its own. Beginnings may fall
    /// then. Or null.
    /// </param>
    /// <param name="sinks">A logit of each query head, [N], that takes part in the softmax and has no value; or null.</param>
    public static Tensor Forward(Tensor q, Tensor k, Tensor v, double scale, long? window, Tensor? begins = null, double? cap = null,
        Tensor? holes = null, Tensor? sinks = null) => Forward(q, k, v, scale, window, begins, cap, holes, sinks, keep: false).Output;

    /// <summary>
    /// The same, and what <see cref="Backward"/> needs: of each query row the largest score and the reciprocal of the sum of exponentials,
    /// [B, N, T, 2].
    /// </summary>
    public static (Tensor Output, Tensor Sums) ForwardKept(
        Tensor q, Tensor k, Tensor v, double scale, long? window, Tensor? begins = null, double? cap = null, Tensor? sinks = null)
    {
        var (output, sums) = Forward(q, k, v, scale, window, begins, cap, null, sinks, keep: true);
        return (output, sums!);
    }

    /// <summary>The gradients of queries, keys, values and sinks, where there are some, out of that of what came out.</summary>
    public static (Tensor Q, Tensor K, Tensor V, Tensor? Sinks) Backward(
        Tensor gradient, Tensor output, Tensor sums, Tensor q, Tensor k, Tensor v, double scale, long? window, Tensor? begins = null,
        double? cap = null, Tensor? sinks = null)
    {
        Check(q, k, v, window, begins, sinks);
        if (gradient.DType != DType.Float32 || !gradient.Shape.SequenceEqual(q.Shape))
            throw Of(Name, $"the gradient is {gradient.DType} {Sizes(gradient)} and q {Sizes(q)}");
        using var toQ = Operand.Result(DType.Float32, q.Shape);
        using var toK = Operand.Result(DType.Float32, k.Shape);
        using var toV = Operand.Result(DType.Float32, v.Shape);
        if (q.ElementCount == 0)
        {
            toK.Clear();
            toV.Clear();
            return (toQ.Tensor, toK.Tensor, toV.Tensor, sinks is null ? null : OfSamples(new() { N = q.Size(2) }));
        }
        using var queries = Operand.InRows(q);
        using var keys = Operand.InRows(k);
        using var values = Operand.InRows(v);
        using var slope = Operand.InOrder(gradient);
        using var y = Operand.InOrder(output);
        using var kept = Operand.InOrder(sums);
        using var documents = begins is null ? Operand.Of(q) : Operand.InOrder(begins);
        using var logits = sinks is null ? Operand.Of(q) : Operand.InOrder(sinks);
        using var toSinks = sinks is null ? Operand.Of(q) : Operand.Own(DType.Float64, q.Size(0), q.Size(2));
        var p = Problem(q, k, queries, keys, values, scale, window, cap);
        p.Output = y.Floats;
        p.Sums = kept.Floats;
        p.Begins = begins is null ? null : documents.Longs;
        if (sinks is not null)
        {
            toSinks.Clear();
            p.Sinks = logits.Floats;
            p.ToSinks = toSinks.Doubles;
        }
        p.Slope = slope.Floats;
        p.ToQueries = toQ.Floats;
        p.ToKeys = toK.Floats;
        p.ToValues = toV.Floats;
        Workers.For(0, p.B * p.K, 1,
            Width.Of(&AttentionBackward.Tasks<Floats512>, &AttentionBackward.Tasks<Floats256>, &AttentionBackward.Tasks<Floats128>), &p);
        return (toQ.Tensor, toK.Tensor, toV.Tensor, sinks is null ? null : OfSamples(p));
    }

    // What all samples add to the gradients of sinks, the first sample first.
    private static Tensor OfSamples(in AttentionProblem p)
    {
        using var sums = Operand.Result(DType.Float32, p.N);
        for (var n = 0L; n < p.N; n++)
        {
            var sum = 0.0;
            for (var b = 0L; b < p.B; b++)
                sum += p.ToSinks[b * p.N + n];
            sums.Floats[n] = (float)sum;
        }
        return sums.Tensor;
    }

    private static (Tensor Output, Tensor? Sums) Forward(Tensor q, Tensor k, Tensor v, double scale, long? window, Tensor? begins,
        double? cap, Tensor? holes, Tensor? sinks, bool keep)
    {
        Check(q, k, v, window, begins, sinks);
        if (holes is not null && (holes.DType != DType.Int64 || !holes.Shape.SequenceEqual([q.Size(0), q.Size(1), 4])))
            throw Of(Name, $"the hidden ranges are {holes.DType} {Sizes(holes)}; they must be int64 [samples, positions, 4]");
        using var y = Operand.Result(DType.Float32, q.Shape);
        using var sums = Operand.Result(DType.Float32, keep ? q.Size(0) : 0, q.Size(2), q.Size(1), 2);
        if (q.ElementCount == 0)
            return (y.Tensor, sums.Tensor);
        using var queries = Operand.InRows(q);
        using var keys = Operand.InRows(k);
        using var values = Operand.InRows(v);
        using var documents = begins is null ? Operand.Of(q) : Operand.InOrder(begins);
        using var stretches = holes is null ? Operand.Of(q) : Operand.InOrder(holes);
        using var logits = sinks is null ? Operand.Of(q) : Operand.InOrder(sinks);
        var p = Problem(q, k, queries, keys, values, scale, window, cap);
        p.Output = y.Floats;
        p.Sums = keep ? sums.Floats : null;
        p.Begins = begins is null ? null : documents.Longs;
        p.Sinks = sinks is null ? null : logits.Floats;
        if (holes is not null)
        {
            p.Holes = stretches.Longs;
            CheckHoles(p);
        }
        else if (begins is not null)
            MustBegin(Name, p.Begins, p.B, p.T, p.Past);
        var blocks = (p.T + AttentionForward.Queries - 1) / AttentionForward.Queries;
        // One token's attention over a short text is done before a second thread is awake.
        var products = 2 * Math.Min(p.T, AttentionForward.Queries) * (q.Size(2) / p.K) * k.Size(1) * q.Size(3);
        Workers.For(0, p.B * p.K * blocks, Math.Max(1, EnoughProducts / products),
            Width.Of(&AttentionForward.Tasks<Floats512>, &AttentionForward.Tasks<Floats256>, &AttentionForward.Tasks<Floats128>), &p);
        return (y.Tensor, sums.Tensor);
    }

    private static void CheckHoles(in AttentionProblem p)
    {
        for (var b = 0L; b < p.B; b++)
            for (var t = 0L; t < p.T; t++)
            {
                var low = p.Low(b, t);
                var holes = p.HolesOf(b, t);
                long h0 = holes[0], h1 = holes[1], h2 = holes[2], h3 = holes[3];
                if (0 > h0 || h0 > h1 || h1 > h2 || h2 > h3 || h3 > p.Past + t || low > p.Past + t || low >= h0 && low < h1
                    || low >= h2 && low < h3)
                    throw Of(
                        Name, $"query {t} of sample {b} skips keys {h0} to {h1} and {h2} to {h3}, which must be in order and contain "
                            + $"neither its position, {p.Past + t}, nor the first key that it sees, {low}");
            }
    }

    private static AttentionProblem Problem(
        Tensor q, Tensor k, Operand queries, Operand keys, Operand values, double scale, long? window, double? cap) => new()
        {
            Queries = queries.Floats,
            Keys = keys.Floats,
            Values = values.Floats,
            B = q.Size(0),
            T = q.Size(1),
            N = q.Size(2),
            H = q.Size(3),
            S = k.Size(1),
            K = k.Size(2),
            Window = Math.Min(window ?? long.MaxValue, k.Size(1)),
            QuerySample = queries.Step(0),
            QueryStep = queries.Step(1),
            QueryHead = queries.Step(2),
            KeySample = keys.Step(0),
            KeyStep = keys.Step(1),
            KeyHead = keys.Step(2),
            ValueSample = values.Step(0),
            ValueStep = values.Step(1),
            ValueHead = values.Step(2),
            Scale = (float)scale,
            Cap = (float)(cap ?? 0),
        };

    private static void Check(Tensor q, Tensor k, Tensor v, long? window, Tensor? begins, Tensor? sinks)
    {
        foreach (var (name, x) in (ReadOnlySpan<(string, Tensor)>)[("q", q), ("k", k), ("v", v)])
        {
            if (x.Dimensions != 4)
                throw Of(Name, $"{name} has {x.Dimensions} dimensions; it must be [samples, positions, heads, entries]");
            if (x.DType != DType.Float32)
                throw Of(Name, $"{name} is {x.DType}; it must be float32");
        }
        var (N, K, T, S) = (q.Size(2), k.Size(2), q.Size(1), k.Size(1));
        if (!k.Shape.SequenceEqual(v.Shape) || k.Size(0) != q.Size(0) || k.Size(3) != q.Size(3))
            throw Of(
                Name, $"q is {Sizes(q)}, k {Sizes(k)} and v {Sizes(v)}; they must have "
                    + "the same number of samples and head width, and k and v the same shape");
        if (K == 0 || N % K != 0)
            throw Of(Name, $"{N} query heads and {K} key heads: the key heads must divide the query heads");
        if (S < T)
            throw Of(Name, $"{T} queries and {S} keys: the queries are the last positions of the keys, so there cannot be more of them");
        if (window <= 0)
            throw Of(Name, $"a window of {window} keys; it must have at least one");
        if (begins is not null && (begins.DType != DType.Int64 || !begins.Shape.SequenceEqual(q.Shape[..2])))
            throw Of(Name, $"the documents' beginnings are {begins.DType} {Sizes(begins)}; they must be int64 of samples and positions");
        if (sinks is not null && (sinks.DType != DType.Float32 || !sinks.Shape.SequenceEqual([N])))
            throw Of(Name, $"the sinks are {sinks.DType} {Sizes(sinks)}; they must be float32 of {N} heads");
    }
}

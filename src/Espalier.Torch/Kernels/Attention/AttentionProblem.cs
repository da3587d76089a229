namespace Espalier.Torch.Kernels.Attention;

/// <summary>
/// What causal grouped-query attention is given: queries [B, T, N, H], the last T of the S positions of keys and values [B, S, K, H], rows
/// of H side by side; what comes out lies in order.
/// </summary>
internal unsafe struct AttentionProblem
{
    public float* Queries, Keys, Values, Output;

    /// <summary>
    /// Of each query row the largest score and the reciprocal of the sum of exponentials, [B, N, T, 2]; null where nobody goes back.
    /// </summary>
    public float* Sums;

    /// <summary>The position at which each query's document begins, [B, T], never falling; null where a row is one text.</summary>
    public long* Begins;

    /// <summary>
    /// Two stretches of positions that each query does not see, [B, T, 4]: where the first begins and ends, and the second; null where none
    /// are hidden.
    /// </summary>
    public long* Holes;

    /// <summary>
    /// Of each query head a logit that takes part in the softmax and has no value, [N]; null where there are none.
    /// </summary>
    public float* Sinks;

    // Backward: gradient of the output, and gradients to write, in order.
    public float* Slope, ToQueries, ToKeys, ToValues;

    // What each sample adds to the gradients of sinks, [B, N].
    public double* ToSinks;

    public long B, T, S, N, K, H, Window;
    public long QuerySample, QueryStep, QueryHead, KeySample, KeyStep, KeyHead, ValueSample, ValueStep, ValueHead;
    public float Scale;

    /// <summary>c in c · tanh(score / c); 0 for none.</summary>
    public float Cap;

    /// <summary>What a row of scores is still multiplied by once a cap, where there is one, is on it.</summary>
    public readonly float Rest => Cap == 0 ? Scale : 1;

    /// <summary>The same for powers of two, which weights are: e^x = 2^(x log2 e).</summary>
    public readonly float RestOfTwo => Rest * AttentionRows.Log2OfE;

    public readonly long Group => N / K;

    public readonly long Past => S - T;

    /// <summary>The first position that query t sees.</summary>
    public readonly long Low(long b, long t)
    {
        var low = Math.Max(0, Past + t - Window + 1);
        return Begins == null ? low : Math.Max(low, Begins[b * T + t]);
    }

    /// <summary>A query's stretches that it does not see.</summary>
    public readonly long* HolesOf(long b, long t) => Holes + (b * T + t) * 4;

    /// <summary>How many of some queries from t on have the same stretches.</summary>
    public readonly long Alike(long b, long t, long most)
    {
        if (Holes == null)
            return most;
        var first = new ReadOnlySpan<long>(HolesOf(b, t), 4);
        var rows = 1L;
        while (rows < most && first.SequenceEqual(new(HolesOf(b, t + rows), 4)))
            rows++;
        return rows;
    }

    /// <summary>The first position that any of some queries sees.</summary>
    public readonly long Lowest(long b, long begin, long end)
    {
        var lowest = Low(b, begin);
        // Beginnings never fall but where there are stretches.
        for (var t = begin + 1; Holes != null && t < end; t++)
            lowest = Math.Min(lowest, Low(b, t));
        return lowest;
    }

    public readonly float* Query(long b, long t, long n) => Queries + b * QuerySample + t * QueryStep + n * QueryHead;

    public readonly float* Key(long b, long s, long k) => Keys + b * KeySample + s * KeyStep + k * KeyHead;

    public readonly float* Value(long b, long s, long k) => Values + b * ValueSample + s * ValueStep + k * ValueHead;

    /// <summary>Of tensors in order that have the queries' shape: the row's offset.</summary>
    public readonly long Row(long b, long t, long n) => ((b * T + t) * N + n) * H;
}

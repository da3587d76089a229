namespace Espalier.Torch.Tests;

/// <summary>What kernels are tested with and against.</summary>
internal static class Twins
{
    /// <summary>Numbers of float32 between −0.5 and 0.5, in float64.</summary>
    public static Tensor Values(int seed, params long[] shape)
    {
        var random = new Random(seed);
        var count = (int)shape.Aggregate(1L, (a, b) => a * b);
        return Tensor.From<double>([.. Enumerable.Range(0, count).Select(_ => (double)(float)(random.NextDouble() - 0.5))], shape);
    }

    /// <summary>Whether element types, shapes and all bits of the values are the same (NaN equals the same NaN).</summary>
    public static bool BitsEqual(this Tensor x, Tensor other) =>
        x.DType == other.DType && x.Shape.SequenceEqual(other.Shape) && Bytes(x).AsSpan().SequenceEqual(Bytes(other));

    /// <summary>
    /// Attention as the softmax of all scores; <paramref name="places"/> as a decoder has them. Sinks [N] are one more score of each head,
    /// whose probability is dropped.
    /// </summary>
    public static Tensor Attention(Tensor q_BTNH, Tensor k_BSKH, Tensor v_BSKH, double scale, int? window, long[]? places = null,
        double? cap = null, Tensor? sinks_N = null)
    {
        var (B, T, N, H) = (q_BTNH.Size(0), q_BTNH.Size(1), q_BTNH.Size(2), q_BTNH.Size(3));
        var (S, K) = (k_BSKH.Size(1), k_BSKH.Size(2));
        Tensor Repeat(Tensor x) => x.Unsqueeze(3).Expand(B, S, K, N / K, H).Reshape(B, S, N, H).Transpose(1, 2);
        var mask = new double[B * T * S];
        for (var i = 0L; i < B * T; i++)
            for (var s = 0L; s < S; s++)
            {
                var distance = S - T + i % T - s;
                mask[i * S + s] = distance < 0 || distance >= (window ?? long.MaxValue) || (places is not null && distance > places[i])
                    ? double.NegativeInfinity : 0;
            }
        var scores = q_BTNH.Transpose(1, 2).MatMul(Repeat(k_BSKH).Transpose(2, 3)).Mul(scale);
        scores = (cap is { } c ? scores.Capped(c) : scores).Add(Tensor.From<double>(mask, B, 1, T, S));
        if (sinks_N is not null)
        {
            var sinks = sinks_N.View(1, N, 1, 1).Expand(B, N, T, 1);
            return Tensor.Cat(-1, scores, sinks).Softmax(-1).Slice(-1, 0, S).MatMul(Repeat(v_BSKH)).Transpose(1, 2);
        }
        return scores.Softmax(-1).MatMul(Repeat(v_BSKH)).Transpose(1, 2);
    }

    /// <summary>Losses and gradients of a kernel in float32 are those of its twin in float64; both overwrite the logits.</summary>
    public static void AssertSameLosses(Tensor logits, Func<Tensor, Tensor> twin, Func<Tensor, Tensor> kernel, double slope = 1e-6)
    {
        using var scope = TensorScope.Begin();
        var (wide, single) = (logits.Clone(), logits.To(DType.Float32));
        AssertNear(twin(wide), kernel(single), 1e-5);
        AssertNear(wide, single, slope);
    }

    /// <summary>The same numbers with 1, 2 and 3 threads: 3 cut work where 2 and 4 do not.</summary>
    public static void AssertThreadsDoNotShow<T>(Func<T[]> compute)
    {
        var before = TorchRuntime.Threads;
        try
        {
            TorchRuntime.Threads = 1;
            var one = compute();
            foreach (var threads in (int[])[2, 3])
            {
                TorchRuntime.Threads = threads;
                Assert.Equal(one, compute());
            }
        }
        finally
        {
            TorchRuntime.Threads = before;
        }
    }

    /// <summary>
    /// Apart by at most the tolerance, of a number's size where that is above 1, and of the largest one's where none is: what is small
    /// throughout may still be wrong throughout. What float32 rounds numbers about 1 by is always allowed, up to the tolerance.
    /// </summary>
    public static void AssertNear(Tensor expected, Tensor actual, double tolerance)
    {
        Assert.Equal(expected.Shape.ToArray(), actual.Shape.ToArray());
        double[] Doubles(Tensor x) => x.To(DType.Float64).Contiguous().ToArray<double>();
        var (wanted, found) = (Doubles(expected), Doubles(actual));
        var least = Math.Min(1, wanted.Select(Math.Abs).DefaultIfEmpty().Max());
        foreach (var (a, b) in wanted.Zip(found))
            Assert.True(
                Math.Abs(a - b) <= Math.Max(tolerance * Math.Max(least, Math.Abs(a)), Math.Min(tolerance, 2.5e-7)), $"{b} is not {a}");
    }

    /// <summary>The position at which each token's document begins where one has so many tokens; null where a row is one.</summary>
    public static Tensor? Begins(long B, long T, int? document) => document is not { } length ? null
        : Tensor.From<long>([.. Enumerable.Range(0, (int)(B * T)).Select(i => i % T / length * length)], B, T);

    /// <summary>Leaves that want gradients.</summary>
    public static Tensor[] Leaves(DType type, params Tensor[] values) => Array.ConvertAll(values, value =>
    {
        var leaf = value.To(type).Detach();
        leaf.RequiresGrad = true;
        return leaf;
    });

    /// <summary>Values and gradients of a kernel in float32 are those of its twin in float64.</summary>
    public static void Compare(
        Func<Tensor[], Tensor> twin, Func<Tensor[], Tensor> kernel, double values, double slopes, params Tensor[] inputs)
    {
        var (expected, actual) = (Leaves(DType.Float64, inputs), Leaves(DType.Float32, inputs));
        var (y, ours) = (twin(expected), kernel(actual));
        AssertNear(y, ours, values);
        var seed = Values(11, y.Shape.ToArray());
        y.Backward(seed);
        ours.Backward(seed.To(DType.Float32));
        foreach (var (a, b) in expected.Zip(actual))
            if (a.Grad() is { } slope)
                AssertNear(slope, b.Grad()!, slopes);
            else
                Assert.All(b.Grad()?.ToArray<float>() ?? [], slope => Assert.Equal(0, slope));
    }

    /// <summary>The largest value; 0 where there is none.</summary>
    public static double Largest(this Tensor x)
    {
        using var wide = x.To(DType.Float64).Unscoped();
        return wide.ToArray<double>().DefaultIfEmpty().Max();
    }

    private static byte[] Bytes(Tensor x)
    {
        var bytes = new byte[x.ElementCount * x.DType.Size()];
        x.CopyBytesTo(bytes);
        return bytes;
    }
}

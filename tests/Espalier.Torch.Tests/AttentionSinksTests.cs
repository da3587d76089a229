using static Espalier.Torch.Tests.Twins;

namespace Espalier.Torch.Tests;

/// <summary>
/// Attention with a sink of each head, a score that takes part in the softmax and has no value, against the softmax of all scores with one
/// more.
/// </summary>
public abstract class AttentionSinksTests(int bits) : KernelTest(bits)
{
    [Theory]
    [InlineData(1, 1, 1, 1, 1, 3, null, null)]
    [InlineData(2, 7, 7, 4, 2, 20, null, null)]
    [InlineData(2, 70, 70, 4, 2, 20, 33, 17, 1.5)]
    [InlineData(1, 130, 400, 6, 2, 80, null, null)]
    [InlineData(1, 5, 700, 4, 1, 24, null, null, 30.0)]
    [InlineData(2, 300, 1300, 6, 2, 33, 515, null)]
    [InlineData(1, 33, 33, 4, 4, 16, 1, null)]
    [InlineData(2, 600, 600, 2, 1, 20, null, 77)]
    [InlineData(1, 40, 40, 2, 2, 16, null, null, null, 90.0)]
    [InlineData(1, 40, 40, 2, 2, 16, 9, null, 3.0, -90.0)]
    [InlineData(0, 4, 4, 2, 1, 8, null, null)]
    public void Values_and_gradients_are_those_of_one_more_score(int samples, int queries, int keys, int heads, int keyHeads, int width,
        int? window, int? document, double? cap = null, double sink = 0)
    {
        using var scope = TensorScope.Begin();
        var (q, k, v) = (Values(1, samples, queries, heads, width).Mul(6), Values(2, samples, keys, keyHeads, width),
            Values(3, samples, keys, keyHeads, width).Mul(2));
        var sinks = Values(4, heads).Mul(5).Add(sink);
        var (scale, begins) = (1 / Math.Sqrt(width), Begins(samples, queries, document));
        var places = document is { } length
            ? Enumerable.Range(0, samples * queries).Select(i => (long)(i % queries % length)).ToArray() : null;
        Compare(x => Attention(x[0], x[1], x[2], scale, window, places, cap, x[3]),
            x => x[0].CausalAttention(x[1], x[2], scale, window, begins, cap, x[3]), 1e-5, 3e-5, q, k, v, sinks);
    }

    [Theory]
    [InlineData(1, 1, 1, 1, 1, 3, null)]
    [InlineData(2, 7, 9, 4, 2, 6, null)]
    [InlineData(2, 9, 9, 2, 2, 5, 2.0)]
    [InlineData(1, 1100, 1100, 2, 1, 4, null)]
    [InlineData(0, 7, 7, 4, 2, 6, null)]
    public void By_parts_they_are_the_same(long samples, long queries, long keys, long heads, long keyHeads, long width, double? cap)
    {
        using var scope = TensorScope.Begin();
        Tensor[] Inputs() =>
            Leaves(DType.Float64, Values(1, samples, queries, heads, width).Mul(3), Values(2, samples, keys, keyHeads, width),
            Values(3, samples, keys, keyHeads, width), Values(4, heads).Mul(4));
        var (expected, actual, seed) = (Inputs(), Inputs(), Values(5, samples, queries, heads, width));
        var y = Attention(expected[0], expected[1], expected[2], 0.7, null, null, cap, expected[3]);
        var ours = actual[0].CausalAttentionByParts(actual[1], actual[2], 0.7, null, cap, actual[3]);
        AssertNear(y, ours, 1e-12);
        y.Backward(seed);
        ours.Backward(seed);
        foreach (var (a, b) in expected.Zip(actual))
            AssertNear(a.Grad()!, b.Grad()!, 1e-11);
    }

    [Fact]
    public void The_gradient_of_a_sink_is_the_finite_difference()
    {
        using var scope = TensorScope.Begin();
        var (q, k, v, slopes) = (Values(1, 2, 5, 4, 6).Mul(4), Values(2, 2, 9, 2, 6), Values(3, 2, 9, 2, 6), Values(5, 2, 5, 4, 6));
        var sinks = Leaves(DType.Float64, Values(4, 4).Mul(4))[0];
        Tensor Loss() => q.CausalAttentionByParts(k, v, 0.7, null, null, sinks).Mul(slopes).Sum();
        Loss().Backward();
        var (values, gradient) = (sinks.ToArray<double>(), sinks.Grad()!.ToArray<double>());
        using var noGrad = GradMode.Disable();
        for (var n = 0; n < 4; n++)
        {
            double At(double value)
            {
                double[] changed = [.. values];
                changed[n] = value;
                sinks.CopyFrom<double>(changed);
                return Loss().Item();
            }
            Assert.Equal((At(values[n] + 1e-5) - At(values[n] - 1e-5)) / 2e-5, gradient[n], 1e-8);
        }
    }

    /// <summary>Of equal scores a sink of log(n) has the share of n keys; far below it has none, far above all.</summary>
    [Fact]
    public void A_sink_takes_its_share_and_nothing_comes_of_it()
    {
        using var scope = TensorScope.Begin();
        using var noGrad = GradMode.Disable();
        Tensor q = Tensor.Zeros(DType.Float32, 1, 6, 4, 8), one = Tensor.Full(1, DType.Float32, 1, 6, 4, 8);
        var sinks = Tensor.From<float>([float.NegativeInfinity, MathF.Log(3), 300, -300], 4);
        var y = q.CausalAttention(one, one, 1, 2, sinks: sinks).ToArray<float>();
        for (var t = 0; t < 6; t++)
        {
            var seen = Math.Min(2f, t + 1);
            foreach (var (n, share) in (ReadOnlySpan<(int, float)>)[(0, 1), (1, seen / (seen + 3)), (2, 0), (3, 1)])
                Assert.All(y.Skip((t * 4 + n) * 8).Take(8), value => Assert.Equal(share, value, 1e-6f));
        }
    }

    [Theory]
    [InlineData(0, 70, 4, 2, 20, 9)]
    [InlineData(600, 300, 4, 1, 32, 13)]
    [InlineData(5, 40, 4, 2, 20, 7, 3.0)]
    public void Beside_stretches_that_are_not_seen(int past, int queries, int heads, int keyHeads, int width, int run, double? cap = null)
    {
        using var scope = TensorScope.Begin();
        using var noGrad = GradMode.Disable();
        var (begins, holes, mask) = (new List<long>(), new List<long>(), new List<double>());
        for (var t = 0; t < queries; t++)
        {
            // From the first position on, but for two stretches between it and the run's own positions.
            var (own, position) = (past + t / run * run, past + t);
            long[] cuts = own < 4 ? [1, 1, 1, 1] : [own / 4, own / 3, own / 2, own - 1];
            (cuts, var low) = position == 0 ? ([0, 0, 0, 0], 0) : (cuts, 0);
            begins.Add(low);
            holes.AddRange(cuts);
            for (var s = 0; s < past + queries; s++)
                mask.Add(s >= low && s <= position && !(s >= cuts[0] && s < cuts[1]) && !(s >= cuts[2] && s < cuts[3]) ? 0
                    : double.NegativeInfinity);
        }
        var (q, k, v) = (Values(1, 1, queries, heads, width).Mul(6), Values(2, 1, past + queries, keyHeads, width),
            Values(3, 1, past + queries, keyHeads, width).Mul(2));
        var (scale, sinks) = (1 / Math.Sqrt(width), Values(4, heads).Mul(8));
        var expected = q.CausalAttentionByParts(k, v, scale, Tensor.From<double>([.. mask], queries, past + queries), cap, sinks);
        AssertNear(expected, Single(q).CausalAttentionWithHoles(Single(k), Single(v), scale, Tensor.From<long>([.. begins], 1, queries),
            Tensor.From<long>([.. holes], 1, queries, 4), cap, Single(sinks)), 1e-5);
    }

    [Theory]
    [InlineData(1, 1, 1, 2, null, 1)]
    [InlineData(4, 2, 90, 24, null, 7)]
    [InlineData(4, 2, 90, 24, 40, 16, 1.5)]
    [InlineData(9, 3, 700, 64, null, 100)]
    [InlineData(6, 1, 130, 128, 1, 130)]
    public void Single_queries_over_blocks(int heads, int keyHeads, int length, int width, int? window, int block, double? cap = null)
    {
        using var scope = TensorScope.Begin();
        Tensor q = Values(1, 2, heads * width).Mul(6), k = Values(2, length, keyHeads * width), v = Values(3, length, keyHeads * width);
        // One head's sink is above all scores, another's below all.
        var logits = Values(4, heads).Mul(6).ToArray<double>();
        (logits[0], logits[^1]) = (40, -40);
        var sinks = Tensor.From<double>(logits, heads);
        var blocks = (length + block - 1) / block;
        int[] table = [.. Enumerable.Range(0, blocks).Select(i => blocks - 1 - i)], positions = [length - 1, length / 3];
        using RowBuffer queries = RowBuffer.Of(Single(q)), keys = new(blocks * block, keyHeads * width), to = new(2, heads * width),
            values = new(blocks * block, keyHeads * width), ofSinks = RowBuffer.Of(Single(sinks));
        for (var s = 0; s < length; s++)
        {
            var place = table[s / block] * block + s % block;
            Single(k).Select(0, s).ToArray<float>().CopyTo(keys.Row(place));
            Single(v).Select(0, s).ToArray<float>().CopyTo(values.Row(place));
        }
        RowOps.Attend(queries, keys, values, block, [.. table, .. table], positions, width, window, to, null, cap, ofSinks);
        for (var row = 0; row < 2; row++)
        {
            Tensor Seen(Tensor x) => x.Slice(0, 0, positions[row] + 1).View(1, positions[row] + 1, keyHeads, width);
            var expected = Attention(q.Slice(0, row, row + 1).View(1, 1, heads, width), Seen(k), Seen(v), 1 / Math.Sqrt(width), window,
                cap: cap, sinks_N: sinks);
            AssertNear(expected.Reshape(1, -1), to.Tensor.Slice(0, row, row + 1), 1e-5);
        }
    }

    /// <summary>What has no memory would be an error to a kernel, and another device to a step that named the processor.</summary>
    [Fact]
    public void On_a_device_without_memory_too()
    {
        using var scope = TensorScope.Begin();
        Tensor[] Meta(params long[][] shapes) => Array.ConvertAll(shapes, shape => Tensor.Empty(DType.Float32, Device.Meta, shape));
        var leaves = Meta([2, 5, 4, 8], [2, 5, 2, 8], [2, 5, 2, 8], [4], [7], [7]);
        foreach (var leaf in leaves)
            leaf.RequiresGrad = true;
        var y = leaves[0].CausalAttentionByParts(leaves[1], leaves[2], 0.3, null, null, leaves[3]);
        y.Sum().Add(leaves[4].ClampedSiluMul(leaves[5], 7).Sum()).Backward();
        Assert.Equal([2, 5, 4, 8], y.Shape.ToArray());
        Assert.All(leaves, leaf => Assert.Equal(leaf.Shape.ToArray(), leaf.Grad()!.Shape.ToArray()));
        Assert.All([y, .. leaves.Select(leaf => leaf.Grad()!)], tensor => Assert.Equal(Device.Meta, tensor.Device));
    }

    [Fact]
    public void The_number_of_threads_does_not_show_and_other_sinks_are_refused()
    {
        using var scope = TensorScope.Begin();
        Tensor[] inputs = [Values(1, 3, 300, 4, 32), Values(2, 3, 300, 2, 32), Values(3, 3, 300, 2, 32), Values(4, 4)];
        float[] All()
        {
            var leaves = Leaves(DType.Float32, inputs);
            leaves[0].CausalAttention(leaves[1], leaves[2], 0.2, 90, sinks: leaves[3]).Backward(Single(Values(5, 3, 300, 4, 32)));
            return [.. leaves.SelectMany(leaf => leaf.Grad()!.ToArray<float>())];
        }
        AssertThreadsDoNotShow(All);
        using var noGrad = GradMode.Disable();
        Tensor q = Single(inputs[0]), k = Single(inputs[1]);
        foreach (var sinks in (Tensor[])[Single(Values(1, 3)), inputs[3], Single(Values(1, 4, 1))])
            Assert.Contains("float32 of 4 heads",
                Assert.Throws<TorchException>(() => q.CausalAttention(k, k, 1, null, sinks: sinks)).Message);
        using RowBuffer x = new(1, 8), rows = new(8, 8), three = new(1, 3);
        Assert.Contains("3 sinks of 2 heads", Assert.Throws<TorchException>(() =>
            RowOps.Attend(x, rows, rows, 4, [0], [0], 4, null, x, sinks: three)).Message);
    }

    private static Tensor Single(Tensor x) => x.To(DType.Float32);
}

/// <summary>By vectors of 512 bits.</summary>
public sealed class AttentionSinks512() : AttentionSinksTests(512);

/// <summary>Of 256.</summary>
public sealed class AttentionSinks256() : AttentionSinksTests(256);

/// <summary>Of 128.</summary>
public sealed class AttentionSinks128() : AttentionSinksTests(128);

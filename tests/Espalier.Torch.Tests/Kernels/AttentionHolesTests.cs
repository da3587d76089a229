using static Espalier.Torch.Tests.Twins;

namespace Espalier.Torch.Tests.Kernels;

/// <summary>Attention that does not see two stretches of what comes before, against the softmax of scores that a mask hides.</summary>
public abstract class AttentionHolesTests(int bits) : KernelTest(bits)
{
    // Positions before the queries; queries; heads; key heads; width; queries of a run with the same stretches.
    [Theory]
    [InlineData(0, 1, 1, 1, 3, 1)]
    [InlineData(0, 70, 4, 2, 20, 9)]
    [InlineData(40, 33, 2, 2, 16, 4)]
    [InlineData(600, 300, 4, 1, 32, 13)]
    [InlineData(3, 700, 2, 1, 80, 100)]
    [InlineData(0, 600, 2, 2, 33, 1)]
    [InlineData(5, 40, 4, 2, 20, 7, 3.0)]
    public void What_is_hidden_does_not_matter(int past, int queries, int heads, int keyHeads, int width, int run, double? cap = null)
    {
        using var scope = TensorScope.Begin();
        using var noGrad = GradMode.Disable();
        var random = new Random(past + queries);
        var (begins, holes, mask) = (new List<long>(), new List<long>(), new List<double>());
        long low = 0, h0 = 0, h1 = 0, h2 = 0, h3 = 0;
        for (var t = 0; t < queries; t++)
        {
            var position = past + t;
            if (t % run == 0)
            {
                // A beginning that may fall, and stretches that may be empty, behind one another or after what the query sees first.
                long[] cuts = [.. Enumerable.Range(0, 4).Select(_ => (long)random.Next(position + 1)).Order()];
                (h0, h1, h2, h3) = (cuts[0], cuts[1], cuts[2], cuts[3]);
                low = random.Next(4) switch { 0 => 0, 1 => h1, 2 => h3, _ => random.Next(position + 1) };
                if (low >= h0 && low < h1 || low >= h2 && low < h3)
                    low = h3;
            }
            begins.Add(low);
            holes.AddRange([h0, h1, h2, h3]);
            for (var s = 0; s < past + queries; s++)
                mask.Add(s >= low && s <= position && !(s >= h0 && s < h1) && !(s >= h2 && s < h3) ? 0 : double.NegativeInfinity);
        }
        var q = Values(1, 1, queries, heads, width).Mul(6);
        var k = Values(2, 1, past + queries, keyHeads, width);
        var v = Values(3, 1, past + queries, keyHeads, width).Mul(2);
        var scale = 1 / Math.Sqrt(width);
        var expected = q.CausalAttentionByParts(k, v, scale, Tensor.From<double>([.. mask], queries, past + queries), cap);
        AssertNear(expected, q.To(DType.Float32).CausalAttentionWithHoles(k.To(DType.Float32), v.To(DType.Float32), scale,
            Tensor.From<long>([.. begins], 1, queries), Tensor.From<long>([.. holes], 1, queries, 4), cap), 1e-5);
    }

    [Fact]
    public void A_stretch_that_holds_what_must_be_seen_is_refused()
    {
        using var scope = TensorScope.Begin();
        using var noGrad = GradMode.Disable();
        var x = Values(1, 1, 3, 1, 8).To(DType.Float32);
        foreach (var (begin, holes) in new (long, long[])[] { (1, [1, 2, 2, 2]), (0, [1, 1, 1, 3]), (0, [2, 1, 1, 1]), (0, [1, 2, 1, 1]),
            (3, [0, 0, 0, 0]) })
            Assert.Contains("query 2", Assert.Throws<TorchException>(() => x.CausalAttentionWithHoles(x, x, 1,
                Tensor.From<long>([0, 0, begin], 1, 3), Tensor.From<long>([0, 0, 0, 0, 0, 0, 0, 0, .. holes], 1, 3, 4))).Message);
        Assert.Contains("[samples, positions, 4]", Assert.Throws<TorchException>(() => x.CausalAttentionWithHoles(x, x, 1,
            Tensor.From<long>([0, 0, 0], 1, 3), Tensor.From<long>([0, 0, 0], 1, 3, 1))).Message);
        x.RequiresGrad = true;
        noGrad.Dispose();
        Assert.Throws<InvalidOperationException>(() => x.CausalAttentionWithHoles(x, x, 1,
            Tensor.From<long>([0, 0, 0], 1, 3), Tensor.From<long>(new long[12], 1, 3, 4)));
    }
}

/// <summary>By vectors of 512 bits.</summary>
public sealed class AttentionHoles512() : AttentionHolesTests(512);

/// <summary>Of 256.</summary>
public sealed class AttentionHoles256() : AttentionHolesTests(256);

/// <summary>Of 128.</summary>
public sealed class AttentionHoles128() : AttentionHolesTests(128);

using Espalier.Tests;

namespace Espalier.Torch.Tests.Gradients;

/// <summary>Sums hand one gradient to both their terms: what either gathers more is the other's no part.</summary>
public sealed class SharedGradientTests : TorchTest
{
    private static Tensor Leaf(double value)
    {
        var x = Tensor.From<double>([value], 1);
        x.RequiresGrad = true;
        return x;
    }

    private static double GradientOf(Tensor leaf) => leaf.Grad()!.ToArray<double>()[0];

    [Fact]
    public void A_term_that_gathers_more_leaves_the_other_its_own()
    {
        using var scope = TensorScope.Begin();
        var p = Leaf(2);
        var x = p.Mul(1);
        var y = x.Add(x.Mul(10));
        y.Mul(3).Add(x).Sum().Backward();
        Assert.Equal(34, GradientOf(p));
        var (a, b, c) = (Leaf(1), Leaf(2), Leaf(3));
        var (u, v, w) = (a.Mul(1), b.Mul(1), c.Mul(1));
        u.Add(v.Add(w).Sub(u.Add(w))).Backward(Tensor.From<double>([1.25], 1));
        Assert.Equal([0, 1.25, 0], new[] { a, b, c }.Select(GradientOf));
    }

    [Fact]
    public void Two_leaves_of_one_sum_keep_gradients_of_their_own()
    {
        using var scope = TensorScope.Begin();
        var (a, b) = (Leaf(1), Leaf(2));
        for (var pass = 1; pass <= 2; pass++)
        {
            a.Add(b).Mul(3).Backward();
            Assert.Equal([3.0 * pass, 3.0 * pass], [GradientOf(a), GradientOf(b)]);
        }
        a.Grad()!.ZeroInPlace();
        Assert.Equal([0, 6.0], [GradientOf(a), GradientOf(b)]);
    }

    [Fact]
    public void A_leaf_and_a_node_of_one_sum_keep_gradients_of_their_own()
    {
        using var scope = TensorScope.Begin();
        var (a, l) = (Leaf(1), Leaf(2));
        var (node, late) = (a.Mul(1), l.Mul(10));
        node.Add(l).Mul(1).Sum().Add(late.Sum()).Backward();
        Assert.Equal([1, 11.0], [GradientOf(a), GradientOf(l)]);
        var (c, m) = (Leaf(1), Leaf(2));
        m.Mul(10).Sum().Add(m.Add(c.Mul(1)).Mul(1).Sum()).Backward();
        Assert.Equal([1, 11.0], [GradientOf(c), GradientOf(m)]);
    }

    [Fact]
    public void Gradients_of_random_graphs_are_those_of_finite_differences()
    {
        for (var seed = 1; seed <= 200; seed++)
        {
            using var scope = TensorScope.Begin();
            var random = new Random(seed);
            var (count, passes) = (random.Next(1, 4), random.Next(1, 3));
            double[][] values = [.. Enumerable.Range(0, count)
                .Select(_ => Enumerable.Range(0, 4).Select(_ => random.NextDouble() - 0.5).ToArray())];
            Tensor[] leaves = [.. values.Select(four => Tensor.From<double>(four, 2, 2))];
            foreach (var leaf in leaves)
                leaf.RequiresGrad = true;
            for (var pass = 0; pass < passes; pass++)
                Graph(seed, leaves).Backward();
            for (var entry = 0; entry < 4 * count; entry++)
            {
                var (leaf, i) = (entry / 4, entry % 4);
                var wanted = passes * (At(1e-5) - At(-1e-5)) / 2e-5;
                var found = leaves[leaf].Grad()?.ToArray<double>()[i] ?? 0;
                Assert.True(Math.Abs(found - wanted) <= 1e-6 * Math.Max(1, Math.Abs(wanted)),
                    $"graph {seed}, leaf {leaf}: {found}, not {wanted}");

                double At(double more)
                {
                    using var noGrad = GradMode.Disable();
                    using var inner = TensorScope.Begin();
                    return Graph(seed, [.. values.Select((four, which) => Tensor.From<double>(
                        [.. four.Select((value, k) => which == leaf && k == i ? value + more : value)], 2, 2))]).Item();
                }
            }
        }
    }

    // The same operations for the same seed: sums above all, of what came before.
    private static Tensor Graph(int seed, Tensor[] leaves)
    {
        var random = new Random(seed);
        var made = new List<Tensor>(leaves);
        if (random.Next(2) == 0)
            made.AddRange(leaves.Select(leaf => leaf.Mul(1.25)));
        for (var left = random.Next(2, 10); left > 0; left--)
        {
            var (a, b) = (made[random.Next(made.Count)], made[random.Next(made.Count)]);
            made.Add(random.Next(10) switch
            {
                < 4 => a.Add(b),
                4 => a.Sub(b),
                5 => a.Mul(b),
                6 => a.Mul(0.5),
                7 => a.Transpose(0, 1),
                8 => a.Reshape(4).Reshape(2, 2).Add(b),
                _ => a.Add(b.Sum([0], keep: true)),
            });
        }
        var sum = made[^1].Sum();
        for (var more = random.Next(4); more > 0; more--)
            sum = sum.Add(made[random.Next(made.Count)].Square().Sum());
        return sum;
    }
}

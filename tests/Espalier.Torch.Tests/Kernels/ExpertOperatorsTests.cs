using Espalier.Tests;
using Espalier.Torch.Layers;

namespace Espalier.Torch.Tests.Kernels;

// Shapes: T tokens, D width, F width of what a product gives, E experts, K experts of a token.

/// <summary>Tokens to their experts and back, and the products between, against the operators that they are made of.</summary>
public sealed class ExpertOperatorsTests : TorchTest
{
    private const int E = 4, K = 2, D = 3, F = 5;

    // Nobody goes to expert 2.
    private static readonly int[] s_choice = [3, 0, 0, 1, 1, 3, 3, 0, 0, 1];

    [Fact]
    public void Rows_are_sorted_by_expert_and_then_by_token()
    {
        using var scope = TensorScope.Begin();
        var rows = ExpertRows.Of(s_choice, K, E, Device.Cpu);
        Assert.Equal([4L, 7, 7, 10], rows.Ends);
        Assert.Equal([0L, 1, 3, 4, 1, 2, 4, 0, 2, 3], rows.TokenOfRow.ToArray<long>());
        Assert.Equal([1L, 2, 7, 8, 3, 4, 9, 0, 5, 6], rows.SlotOfRow.ToArray<long>());
        Assert.Equal(Enumerable.Range(0, 10).Select(slot => (long)slot),
            rows.SlotOfRow.ToArray<long>().Select((_, slot) => rows.SlotOfRow.ToArray<long>()[rows.RowOfSlot.ToArray<long>()[slot]]));
    }

    [Fact]
    public void The_largest_logits_choose_and_ties_go_to_the_lower_index()
    {
        using var scope = TensorScope.Begin();
        var logits = Tensor.From<double>([1, 3, 2, 3, 0, 0, 0, 0, -1, -2, double.NaN, 5], 3, 4);
        Assert.Equal([1, 3, 0, 1, 3, 0], ExpertChoice.Of(logits, 2));
        Assert.Equal([1, 3, 2, 0, 1, 2, 3, 0, 1], ExpertChoice.Of(logits, 3));
        Assert.Equal([1, 3, 0, 1, 3, 0], ExpertChoice.Of(logits.To(DType.Float32), 2));
    }

    [Theory]
    [InlineData(DType.Float64, 1e-14)]
    [InlineData(DType.Float32, 1e-6)]
    [InlineData(DType.BFloat16, 3e-2)]
    public void Values_and_gradients_are_those_of_the_parts(DType rows, double tolerance)
    {
        using var scope = TensorScope.Begin();
        var whole = Run(rows, byParts: false);
        var parts = Run(rows, byParts: true);
        Assert.Equal(parts.Length, whole.Length);
        for (var i = 0; i < parts.Length; i++)
            Assert.All(parts[i].Zip(whole[i]), pair => Assert.Equal(pair.First, pair.Second, tolerance));
    }

    [Fact]
    public void The_gradient_of_an_expert_that_nobody_goes_to_is_zero_and_not_absent()
    {
        using var scope = TensorScope.Begin();
        var inputs = Inputs(DType.Float32);
        foreach (var input in inputs)
            input.RequiresGrad = true;
        Loss(inputs, DType.Float32, byParts: false).Backward();
        Assert.Equal(new float[F * D], inputs[2 + 2].Grad()!.ToArray<float>());
        Assert.Equal(new float[F], inputs[2 + E + 2].Grad()!.ToArray<float>());
        Assert.All(inputs[..4].Concat(inputs[5..8]).Concat(inputs[9..]),
            input => Assert.All(input.Grad()!.ToArray<float>(), value => Assert.NotEqual(0, value)));
    }

    [Fact]
    public void Gradients_are_the_finite_differences()
    {
        using var scope = TensorScope.Begin();
        var inputs = Inputs(DType.Float64);
        foreach (var input in inputs)
            input.RequiresGrad = true;
        Loss(inputs, DType.Float64, byParts: false).Backward();
        using var noGrad = GradMode.Disable();
        foreach (var input in inputs)
        {
            var (values, gradient) = (input.ToArray<double>(), input.Grad()!.ToArray<double>());
            for (var i = 0; i < values.Length; i++)
            {
                double At(double value)
                {
                    double[] changed = [.. values];
                    changed[i] = value;
                    input.CopyFrom<double>(changed);
                    return Loss(inputs, DType.Float64, byParts: false).Item();
                }
                var slope = (At(values[i] + 1e-5) - At(values[i] - 1e-5)) / 2e-5;
                Assert.Equal(slope, gradient[i], 1e-7);
                At(values[i]);
            }
        }
    }

    [Fact]
    public void The_number_of_threads_does_not_show()
    {
        using var scope = TensorScope.Begin();
        Twins.AssertThreadsDoNotShow(() => Run(DType.Float32, byParts: false));
    }

    // The result and the gradients of tokens, weights and matrices.
    private static double[][] Run(DType rows, bool byParts)
    {
        var type = rows == DType.BFloat16 ? DType.Float32 : rows;
        var inputs = Inputs(type);
        foreach (var input in inputs)
            input.RequiresGrad = true;
        var loss = Loss(inputs, rows, byParts);
        loss.Backward();
        return [[loss.Item()], .. inputs.Select(input => (input.Grad() ?? input.ZerosLike()).To(DType.Float64).ToArray<double>())];
    }

    private static Tensor Loss(Tensor[] inputs, DType type, bool byParts)
    {
        var rows = ExpertRows.Of(s_choice, K, E, Device.Cpu);
        var (x_TD, weights_TK, matrices, biases) = (inputs[0].To(type), inputs[1], inputs[2..(2 + E)], inputs[(2 + E)..]);
        var x_RD = byParts ? x_TD.ToExpertsByParts(rows) : x_TD.ToExperts(rows);
        Tensor Product(Tensor[]? biases) =>
            byParts ? x_RD.GroupedLinearByParts(matrices, rows, biases) : x_RD.GroupedLinear(matrices, rows, biases);
        // Without biases and with them, twice as much.
        var y_RF = Product(null).To(weights_TK.DType).Add(Product(biases), 2);
        var y_TF = byParts ? y_RF.FromExpertsByParts(weights_TK, rows) : y_RF.FromExperts(weights_TK, rows);
        // Each entry counts otherwise.
        var slopes_TF = Tensor.From<double>([.. Enumerable.Range(0, 5 * F).Select(i => Math.Sin(i + 1.0))], 5, F).To(weights_TK.DType);
        return y_TF.Mul(slopes_TF).Sum();
    }

    private static Tensor[] Inputs(DType type)
    {
        var random = new Random(4);
        Tensor Of(params long[] shape)
        {
            var count = shape.Aggregate(1L, (product, size) => product * size);
            double[] values = [.. Enumerable.Range(0, (int)count).Select(_ => 2 * random.NextDouble() - 1)];
            return Tensor.From<double>(values, shape).To(type);
        }
        return [Of(5, D), Of(5, K), .. Enumerable.Range(0, E).Select(_ => Of(F, D)), .. Enumerable.Range(0, E).Select(_ => Of(F))];
    }
}

using Espalier.Tests;

namespace Espalier.Torch.Tests.Gradients;

/// <summary>Sums in place: the kernel against the sum that makes a new tensor.</summary>
public sealed class AddScaledTests : TorchTest
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(16)]
    [InlineData(33)]
    [InlineData(100_003)]
    public void In_place_is_as_in_a_new_tensor(int count)
    {
        using var scope = TensorScope.Begin();
        var (x, y) = (Values(1, count), Values(2, count));
        foreach (var scale in new[] { 1.0, -1, 0.37, 0 })
        {
            var wanted = x.To(DType.Float64).Add(y.To(DType.Float64), (float)scale);
            var sum = x.Clone();
            sum.AddInPlace(y, scale);
            Assert.True(sum.BitsEqual(wanted.To(DType.Float32)) || Largest(sum.To(DType.Float64).Sub(wanted)) < 1e-7);
        }
    }

    [Fact]
    public void Other_types_orders_and_broadcasts_are_summed_too()
    {
        using var scope = TensorScope.Begin();
        var x = Tensor.From<float>([1, 2, 3, 4, 5, 6], 2, 3);
        x.AddInPlace(Tensor.From<float>([10, 20, 30], 3));
        x.Transpose(0, 1).AddInPlace(Tensor.From<float>([1, 1, 1, 1, 1, 1], 3, 2), 0.5);
        x.AddInPlace(Tensor.From<double>([1, 1, 1, 1, 1, 1], 2, 3));
        Assert.Equal([12.5f, 23.5f, 34.5f, 15.5f, 26.5f, 37.5f], x.ToArray<float>());
        var itself = Tensor.From<float>([1, 2], 2);
        itself.AddInPlace(itself, 2);
        itself.SubInPlace(Tensor.From<float>([1, 1], 2));
        Assert.Equal([2f, 5], itself.ToArray<float>());
    }

    [Fact]
    public void Integers_are_not_rounded_beside_a_number()
    {
        using var scope = TensorScope.Begin();
        var x = Tensor.From<long>([16777217, -(1L << 53)], 2);
        Assert.Equal([16777218, 1.0 - (1L << 53)], x.Add(1).ToArray<double>());
        Assert.Equal([50331651, -3.0 * (1L << 53)], x.Mul(3).ToArray<double>());
        Assert.Equal([8388608.5, -0.5 * (1L << 53)], x.Div(2).ToArray<double>());
        x.AddInPlace(2);
        Assert.Equal([16777219, 2 - (1L << 53)], x.ToArray<long>());
    }

    private static double Largest(Tensor x) => x.Abs().Largest();

    private static Tensor Values(int seed, int count)
    {
        var random = new Random(seed);
        var values = new float[count];
        for (var i = 0; i < count; i++)
            values[i] = random.NextSingle() - 0.5f;
        return Tensor.From<float>(values, count);
    }
}

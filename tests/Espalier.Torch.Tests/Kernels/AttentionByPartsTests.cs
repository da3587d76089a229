using Espalier.Tests;

namespace Espalier.Torch.Tests.Kernels;

/// <summary>
/// Attention out of libtorch's operators against the softmax of all scores, which is gone back through operator by operator; of more
/// queries than a block has, too.
/// </summary>
public sealed class AttentionByPartsTests : TorchTest
{
    // Rows, queries, keys, query heads, key/value heads, head width, window, cap; documents begin where a number divides the position.
    public static TheoryData<long, long, long, long, long, long, int?, double?, int?> Cases => new()
    {
        { 2, 7, 7, 4, 2, 6, null, null, null },
        { 1, 1, 1, 1, 1, 1, null, null, null },
        { 2, 1, 5, 4, 1, 3, null, null, null },
        { 2, 3, 9, 4, 2, 6, null, 5.0, null },
        { 2, 7, 7, 4, 2, 6, 3, null, null },
        { 2, 9, 9, 2, 2, 5, 4, 2.0, 4 },
        { 2, 9, 9, 4, 2, 5, null, null, 3 },
        { 1, 1100, 1100, 2, 1, 4, null, null, null },
        { 1, 600, 700, 2, 1, 4, 150, 3.0, null },
        { 0, 7, 7, 4, 2, 6, null, null, null },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void Values_and_gradients(long B, long T, long S, long N, long K, long H, int? window, double? cap, int? document)
    {
        using var scope = TensorScope.Begin();
        var places = document is { } length ? Enumerable.Range(0, (int)(B * T)).Select(i => i % T % (long)length).ToArray() : null;
        var mask = MaskOf(B, T, S, window, places);
        Tensor[] Leaves() => [Leaf(1, B, T, N, H), Leaf(2, B, S, K, H), Leaf(3, B, S, K, H)];
        var (expected, actual, seed) = (Leaves(), Leaves(), Twins.Values(4, B, T, N, H));

        var y = Twins.Attention(expected[0], expected[1], expected[2], 0.7, window, places, cap);
        var ours = actual[0].CausalAttentionByParts(actual[1], actual[2], 0.7, mask, cap);
        Twins.AssertNear(y, ours, 1e-12);
        y.Backward(seed);
        ours.Backward(seed);
        foreach (var (a, b) in expected.Zip(actual))
            Twins.AssertNear(a.Grad()!, b.Grad()!, 1e-11);
        if (cap is null && B > 0)
            Twins.AssertNear(y, actual[0].AttentionOfLibtorch(actual[1], actual[2], 0.7, mask), 1e-12);
    }

    [CudaTheory]
    [InlineData(2, 7, 7, 4, 2, 16, null)]
    [InlineData(1, 1, 1, 1, 1, 8, null)]
    [InlineData(3, 130, 130, 6, 2, 64, 40)]
    [InlineData(2, 5, 9, 4, 1, 128, null)]
    public void Flash_attention_is_within_bfloat16(long B, long T, long S, long N, long K, long H, int? window)
    {
        TorchRuntime.Start(threads: 2, device: "cuda");
        using var scope = TensorScope.Begin();
        Tensor[] Leaves(DType type) => [.. new[] { Twins.Values(1, B, T, N, H), Twins.Values(2, B, S, K, H), Twins.Values(3, B, S, K, H) }
            .Select(values =>
            {
                var leaf = values.Mul(3).To(DType.BFloat16).To(type).On(TorchRuntime.Device).Detach();
                leaf.RequiresGrad = true;
                return leaf;
            })];
        var (expected, actual) = (Leaves(DType.Float64), Leaves(DType.Float32));
        var mask = MaskOf(B, T, S, window, null)?.On(TorchRuntime.Device);
        var y = expected[0].CausalAttentionByParts(expected[1], expected[2], 0.7 / Math.Sqrt(H), mask);
        Assert.True(actual[0].TakesFlashAttention);
        var ours = actual[0].FlashAttention(actual[1], actual[2], 0.7 / Math.Sqrt(H), window);
        Assert.Equal(DType.BFloat16, ours.DType);
        Twins.AssertNear(y, ours, 0.02);
        var seed = Twins.Values(4, B, T, N, H).To(DType.BFloat16).On(TorchRuntime.Device);
        y.Backward(seed.To(DType.Float64));
        ours.Backward(seed);
        foreach (var (a, b) in expected.Zip(actual))
        {
            Assert.Equal(DType.Float32, b.Grad()!.DType);
            Twins.AssertNear(a.Grad()!, b.Grad()!, 0.03 * Math.Max(1, a.Grad()!.Abs().Largest()));
        }
        TorchRuntime.Start(threads: 2);
    }

    private static Tensor Leaf(int seed, params long[] shape)
    {
        var leaf = Twins.Values(seed, shape).Mul(3).Detach();
        leaf.RequiresGrad = true;
        return leaf;
    }

    // As a decoder has it: none where each sees all keys up to its own.
    private static Tensor? MaskOf(long B, long T, long S, int? window, long[]? places)
    {
        if (window is null && places is null)
            return null;
        double At(long row, long t, long s) => S - T + t - s is var distance && (distance < 0 || distance >= (window ?? long.MaxValue)
            || (places is not null && distance > places[row * T + t])) ? double.NegativeInfinity : 0;
        var rows = places is null ? 1 : B;
        var values = new List<double>();
        for (var row = 0L; row < rows; row++)
            for (var t = 0L; t < T; t++)
                for (var s = 0L; s < S; s++)
                    values.Add(At(row, t, s));
        return places is null ? Tensor.From<double>([.. values], T, S) : Tensor.From<double>([.. values], B, 1, 1, T, S);
    }
}

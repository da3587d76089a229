using Espalier.Models.Masks;
using Espalier.Tests;

namespace Espalier.Models.Tests.Decoding;

/// <summary>What attention by parts must not look at: as said key by key, and without an array of that size on the way.</summary>
public sealed class MaskTests : TorchTest
{
    [Theory]
    [InlineData(7, 7, 3)]
    [InlineData(3, 9, 4)]
    [InlineData(1, 9, 1)]
    public void A_window_hides_what_is_before_it_and_what_comes_after(int queries, int keys, int window)
    {
        foreach (var dtype in new[] { DType.Float64, DType.Float32, DType.BFloat16 })
        {
            using var mask = new CausalMask(window, dtype, Device.Cpu);
            using var scope = TensorScope.Begin();
            Assert.Equal(Enumerable.Range(0, queries * keys).Select(i => (Key: i % keys, Place: keys - queries + i / keys))
                .Select(at => Hidden(at.Key <= at.Place && at.Key > at.Place - window)), Of(mask.For(queries, keys)!));
        }
    }

    [Theory]
    [InlineData(null)]
    [InlineData(2)]
    public void A_token_sees_its_own_document_and_of_that_its_window(int? window)
    {
        long[] places = [0, 1, 2, 0, 0, 1, 0, 1, 2, 3, 0, 1];
        const int B = 2, T = 6;
        foreach (var dtype in new[] { DType.Float64, DType.Float32, DType.BFloat16 })
        {
            using var masks = new DocumentMasks(places, B, T, dtype, Device.Cpu);
            using var scope = TensorScope.Begin();
            Assert.Equal([B, 1, 1, T, T], masks.For(window, T, T).Shape.ToArray());
            Assert.Equal(Enumerable.Range(0, B * T * T).Select(i => (Back: i / T % T - i % T, Place: places[i / T]))
                .Select(at => Hidden(at.Back >= 0 && at.Back <= at.Place && at.Back < (window ?? T))), Of(masks.For(window, T, T)));
        }
    }

    [Fact]
    public void No_array_has_an_entry_for_each_query_and_key()
    {
        const int T = 1024;
        using var documents = new DocumentMasks([.. Enumerable.Range(0, T).Select(i => i % 100L)], 1, T, DType.Float32, Device.Cpu);
        using var window = new CausalMask(9, DType.Float32, Device.Cpu);
        var before = GC.GetAllocatedBytesForCurrentThread();
        documents.For(null, T, T);
        window.For(T, T);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, T * T / 4);
    }

    private static double Hidden(bool isSeen) => isSeen ? 0 : double.NegativeInfinity;

    private static double[] Of(Tensor mask) => mask.To(DType.Float64).Contiguous().ToArray<double>();
}

using Espalier.Compression.Data.Batches;
using Espalier.Compression.Data.Tokens;
using Espalier.Compression.Pruning.Masks;
using Espalier.Tests;

namespace Espalier.Compression.Tests.Pruning;

/// <summary>Masks that set weights to zero and keep the shape.</summary>
public sealed class MaskTests : TorchTest
{
    [Fact]
    public void Magnitude_compares_the_whole_matrix_and_wanda_each_row_with_its_inputs()
    {
        float[] weights = [4, -1, 3, 2, 8, 7, -6, 5];
        Assert.Equal([0, 0, 0, 0, 8, 7, -6, 5], Masked(new MagnitudeMask(), weights, 4, [], Sparsity.Half));
        Assert.Equal([4, 0, 3, 0, 8, 7, 0, 0], Masked(new WandaMask(), weights, 4, [1, 1, 1, 1], Sparsity.Half));
        Assert.Equal([0, -1, 0, 2, 0, 7, 0, 5], Masked(new WandaMask(), weights, 4, [1, 10, 1, 10], Sparsity.Half));
    }

    [Fact]
    public void Two_of_four_go_in_every_group_of_a_row()
    {
        var random = new Random(3);
        float[] weights = [.. Enumerable.Range(0, 64).Select(_ => (float)(random.NextDouble() - 0.5))];
        foreach (WeightMask mask in (WeightMask[])[new MagnitudeMask(), new WandaMask()])
        {
            var masked = Masked(mask, weights, 8, mask.NeedsInputs ? [1, 2, 3, 4, 5, 6, 7, 8] : [], new(2, 4));
            for (var first = 0; first < masked.Length; first += 4)
                Assert.Equal(2, masked[first..(first + 4)].Count(w => w == 0));
        }
        Assert.Contains("not a multiple of 4",
            Assert.Throws<EspalierException>(() => Masked(new MagnitudeMask(), weights[..60], 6, [], new(2, 4))).Message);
    }

    [Fact]
    public void Of_equal_weights_the_last_go() =>
        Assert.Equal([1, 1, 0, 0], Masked(new MagnitudeMask(), [1, 1, 1, 1], 4, [], Sparsity.Half));

    [Fact]
    public void N_of_M_are_N_whichever_they_are()
    {
        for (var m = 2; m <= 64; m++)
            for (var n = 1; n < m; n++)
            {
                var sparsity = Sparsity.Parse($"{n}:{m}");
                Assert.Equal((n, 7 * n, $"{n}:{m}"), (sparsity.Of(m), sparsity.Of(7 * m), sparsity.ToString()));
                Assert.Equal(sparsity, new Sparsity(n, m));
            }
        float[] weights = [.. Enumerable.Range(1, 44).Select(i => (float)i)];
        var masked = Masked(new WandaMask(), weights, 22, [.. Enumerable.Repeat(1.0, 22)], Sparsity.Parse("15:22"));
        Assert.Equal(30, masked.Count(w => w == 0));
    }

    [Fact]
    public void A_share_is_what_was_written_in_hundredths_of_a_percent()
    {
        for (var hundredths = 1; hundredths < 10_000; hundredths++)
        {
            var text = string.Create(CultureInfo.InvariantCulture, $"{hundredths / 100m:0.##}%");
            Assert.Equal((hundredths, text), (Sparsity.Parse(text).Of(10_000), Sparsity.Parse(text).ToString()));
        }
    }

    [Theory]
    [InlineData("50%", "50%", 3200, 1600)]
    [InlineData("0.25", "25%", 3200, 800)]
    [InlineData("12.5%", "12.5%", 3200, 400)]
    [InlineData("29%", "29%", 3200, 928)]
    [InlineData("0.29", "29%", 3200, 928)]
    [InlineData("33.3333%", "33.3333%", 3_000_000, 999_999)]
    [InlineData("33.33333%", "33.33333%", 30_000_000, 9_999_999)]
    [InlineData("0.333333333333", "33.3333333333%", 3, 0)]
    [InlineData("0.00001%", "0.00001%", 10_000_000, 1)]
    public void Sparsities_are_read_and_written(string text, string written, int count, int gone)
    {
        var sparsity = Sparsity.Parse(text);
        Assert.Equal((written, gone), (sparsity.ToString(), sparsity.Of(count)));
        Assert.Equal(sparsity, Sparsity.Parse(written));
        Assert.Null(sparsity.Group);
    }

    [Theory]
    [InlineData("")]
    [InlineData("100%")]
    [InlineData("0")]
    [InlineData("4:4")]
    [InlineData("2:4:8")]
    [InlineData("half")]
    [InlineData("-1:4")]
    public void What_is_no_sparsity_is_refused(string text) =>
    Assert.Contains("is not a sparsity", Assert.Throws<EspalierException>(() => Sparsity.Parse(text)).Message);

    [Fact]
    public void Every_block_is_measured_behind_the_masked_ones_before_it()
    {
        using var model = GoldenTensors.Load(Fixtures.Golden("pruning", "teacher"), DType.Float32);
        using var calibration = new GoldenTensors(Fixtures.Golden("pruning", "calibration.safetensors"));
        var windows = new WindowSet(TokenIds.FromList(calibration.Longs("input_ids").Select(id => (int)id), "calibration", 128), 32);
        using var untouched = GoldenTensors.Load(Fixtures.Golden("pruning", "teacher"), DType.Float32);
        var zeros = MaskPruner.Run(model, new WandaMask(), Sparsity.Half, windows, 15, NullProgress.Instance);

        var matrices = model.Parameters.Where(p => ParameterSpec.Of(p.Parameter.Role).Input is not null).ToArray();
        Assert.Equal(7 * 6, matrices.Length);
        Assert.Equal(zeros, matrices.Sum(p => p.Value.ToArray<float>().LongCount(w => w == 0)));
        Assert.Equal(matrices.Sum(p => p.Value.ToArray<float>().LongLength), 2 * zeros);
        var (last, first) = (Gone(5, untouched, model, windows), Gone(0, untouched, model, windows));
        Assert.True(first.SameAsDense, "the first block sees the same inputs either way");
        Assert.False(last.SameAsDense, "the last block sees what the masked ones before it give");
        Assert.True(last.AsMasked);
    }

    /// <summary>Whether a block's down projection is masked as its inputs in the dense model, and in the masked one, ask for.</summary>
    private static (bool SameAsDense, bool AsMasked) Gone(int layer, Decoder dense, Decoder masked, WindowSet windows)
    {
        var parameter = new Parameter(ParameterRole.DownProjection, layer);
        var original = dense.Parameters.First(p => p.Parameter == parameter).Value.ToArray<float>();
        var found = masked.Parameters.First(p => p.Parameter == parameter).Value;
        var columns = (int)found.Size(1);
        bool Equal(Decoder model)
        {
            // Inputs of a block's last matrix depend on its others: measured, as the program does, with those still dense.
            var norms = InputNorms.Measure(model, layer, windows, 15, default).Of(parameter, columns);
            var expected = (float[])original.Clone();
            new WandaMask().Apply(expected, columns, norms, Sparsity.Half);
            return expected.AsSpan().SequenceEqual(found.ToArray<float>());
        }
        using var partly = Partly(dense, masked, layer);
        return (Equal(dense), Equal(partly));
    }

    /// <summary>The blocks before one masked, the rest dense.</summary>
    private static Decoder Partly(Decoder dense, Decoder masked, int layer) =>
        new(dense.Config, dense.Parameters.Zip(masked.Parameters, (d, m) =>
    {
        var source = d.Parameter.Layer < layer ? m.Value : d.Value;
        return KeyValuePair.Create(d.Parameter, Tensor.From<float>(source.ToArray<float>(), Shape(source)).Unscoped());
    }));

    private static long[] Shape(Tensor tensor) => [.. Enumerable.Range(0, tensor.Dimensions).Select(i => tensor.Size(i))];

    private static float[] Masked(WeightMask mask, float[] weights, int columns, double[] inputs, Sparsity sparsity)
    {
        float[] copy = [.. weights];
        mask.Apply(copy, columns, inputs, sparsity);
        return copy;
    }
}

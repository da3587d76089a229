using Espalier.Torch.Mamba.Scan;

namespace Espalier.Torch.Tests.Kernels;

// Shapes: B batch, T time, M heads, P channels of a head, G groups, S numbers of a state, C channels, K taps.

/// <summary>The kernels of Mamba-2 and their gradients against their plain twins in float64.</summary>
public abstract class MambaKernelsTests(int bits) : KernelTest(bits)
{
    // Rows, positions, channels, taps; documents begin where a number divides the position.
    public static TheoryData<long, long, long, long, int?, bool> Convolutions => new()
    {
        { 2, 7, 5, 4, null, true },
        { 1, 1, 1, 1, null, false },
        { 2, 40, 33, 3, 3, true },
        { 3, 100, 16, 4, 7, false },
        { 1, 70, 600, 2, null, true },
        { 1, 2, 17, 6, null, true },
        { 0, 7, 5, 4, null, true },
        { 2, 0, 5, 4, null, true },
    };

    [Theory]
    [MemberData(nameof(Convolutions))]
    public void Convolutions_and_their_gradients(long B, long T, long C, long K, int? document, bool hasBias)
    {
        using var scope = TensorScope.Begin();
        var begins = Twins.Begins(B, T, document);
        // A part of a wider tensor, whose rows lie apart.
        Twins.Compare(
            x => x[0].Slice(2, 1, C + 1).CausalConvolutionByParts(x[1], hasBias ? x[2] : null, begins),
            x => x[0].Slice(2, 1, C + 1).CausalConvolution(x[1], hasBias ? x[2] : null, begins),
            1e-5, 1e-5, Twins.Values(1, B, T, C + 2).Mul(4), Twins.Values(2, C, K).Mul(3), Twins.Values(3, C));
    }

    // Rows, positions, heads, channels of a head, groups, state; documents; how far apart the tokens' decays are.
    public static TheoryData<long, long, int, int, int, int, int?, double> Scans => new()
    {
        { 1, 1, 1, 1, 1, 1, null, 1 },
        { 2, 5, 2, 3, 1, 2, null, 1 },
        { 1, 64, 6, 5, 2, 7, null, 1 },
        { 2, 65, 6, 33, 3, 17, 9, 1 },
        { 1, 200, 10, 4, 1, 16, null, 1 },
        { 2, 150, 5, 16, 5, 40, 70, 1 },
        { 1, 130, 9, 64, 1, 32, 64, 0.1 },
        { 1, 150, 2, 8, 1, 8, null, 20 },
        { 0, 7, 2, 3, 1, 2, null, 1 },
        { 2, 0, 2, 3, 1, 2, null, 1 },
    };

    [Theory]
    [MemberData(nameof(Scans))]
    public void Scans_and_their_gradients(long B, long T, int M, int P, int G, int S, int? document, double decay)
    {
        using var scope = TensorScope.Begin();
        var begins = Twins.Begins(B, T, document);
        var sizes = new ScanSizes(M, P, G, S, 0.3, 1.1);
        Twins.Compare(
            x => ScanByParts.Run(InputsOf(x, begins), sizes, null), x => ScanOperators.SelectiveScan(InputsOf(x, begins), sizes), 2e-5,
            1e-4,
            Scanned(B, T, sizes, decay));
    }

    [Theory]
    [InlineData(1, 1, 2, 3, 1, 2)]
    [InlineData(2, 70, 6, 33, 3, 17)]
    [InlineData(1, 129, 9, 16, 1, 5)]
    public void A_scan_goes_on_from_a_state(long B, long T, int M, int P, int G, int S)
    {
        using var scope = TensorScope.Begin();
        var sizes = new ScanSizes(M, P, G, S);
        var wide = Scanned(B, T, sizes, 1);
        var single = Array.ConvertAll(wide, x => x.To(DType.Float32));
        var expected = Twins.Values(9, B, M, S, P);
        var state = expected.To(DType.Float32);
        Twins.AssertNear(
            ScanByParts.Run(InputsOf(wide, null), sizes, expected), ScanOperators.SelectiveScan(InputsOf(single, null), sizes, state),
            2e-5);
        Twins.AssertNear(expected, state, 2e-5);
    }

    [Theory]
    [InlineData(2, 7, 10, 2)]
    [InlineData(1, 1, 1, 1)]
    [InlineData(3, 50, 66, 3)]
    [InlineData(1, 4, 640, 5)]
    [InlineData(0, 3, 4, 2)]
    public void Gated_norms_and_their_gradients(long B, long T, long C, int groups)
    {
        using var scope = TensorScope.Begin();
        Twins.Compare(
            x => x[0].GatedNormByParts(x[1].Slice(2, 1, C + 1), x[2], groups, 1e-5),
            x => x[0].GatedNorm(x[1].Slice(2, 1, C + 1), x[2], groups, 1e-5), 1e-5, 1e-5,
            Twins.Values(1, B, T, C).Mul(4), Twins.Values(2, B, T, C + 3).Mul(6), Twins.Values(3, C).Add(1));
    }

    [Fact]
    public void What_is_before_a_document_is_not_seen_whatever_it_is()
    {
        using var scope = TensorScope.Begin();
        var sizes = new ScanSizes(2, 3, 1, 4);
        var begins = Twins.Begins(1, 140, 70);
        Tensor[] Of(double before) => [.. Scanned(1, 140, sizes, 1).Take(4)
            .Select(x => Tensor.Cat(1, x.Slice(1, 0, 70).Mul(before), x.Slice(1, 70, 140)).To(DType.Float32))
            .Concat(Scanned(1, 140, sizes, 1).Skip(4).Select(x => x.To(DType.Float32)))];
        Assert.Equal(Second(Of(1)), Second(Of(50)));

        float[] Second(Tensor[] x)
        {
            var convolved = x[0].CausalConvolution(Twins.Values(3, 6, 4).To(DType.Float32), null, begins);
            return ScanOperators.SelectiveScan(InputsOf([convolved, .. x.Skip(1)], begins), sizes).Slice(1, 70, 140).Contiguous()
                .ToArray<float>();
        }
    }

    [Fact]
    public void The_number_of_threads_does_not_show()
    {
        using var scope = TensorScope.Begin();
        var sizes = new ScanSizes(10, 5, 2, 6);
        float[] All()
        {
            var x = Twins.Leaves(DType.Float32, Scanned(2, 130, sizes, 1));
            Tensor[] more = Twins.Leaves(DType.Float32, Twins.Values(7, 50, 4), Twins.Values(8, 50));
            var y = ScanOperators.SelectiveScan(
                InputsOf([x[0].CausalConvolution(more[0], more[1], Twins.Begins(2, 130, 31)), .. x.Skip(1)], null), sizes)
                .GatedNorm(x[0], more[1], 2, 1e-5);
            y.Backward(Twins.Values(9, 2, 130, 50).To(DType.Float32));
            return [.. y.ToArray<float>(), .. x.Concat(more).SelectMany(leaf => leaf.Grad()!.ToArray<float>())];
        }
        Twins.AssertThreadsDoNotShow(All);
    }

    [Fact]
    public void What_does_not_fit_is_an_error()
    {
        using var scope = TensorScope.Begin();
        var x = Tensor.Zeros(DType.Float32, 2, 3, 4);
        Says("channels, taps", () => x.CausalConvolution(Tensor.Zeros(DType.Float32, 5, 2), null));
        Says("the state is", () => x.CausalConvolution(Tensor.Zeros(DType.Float32, 4, 3), null, null, x));
        Says("the groups must divide the channels", () => x.GatedNorm(x, Tensor.Zeros(DType.Float32, 4), 3, 1e-5));
        Says("groups must divide heads", () => ScanOperators.SelectiveScan(InputsOf([x, x, x, x, x, x, x], null), new(3, 1, 2, 1)));
        Says("B is Float32 [2, 3, 4]; it must be Float32 [2, 3, 5]", () =>
            ScanOperators.SelectiveScan(InputsOf([x, x, x, x, x, x, x], null), new(2, 2, 1, 5)));

        static void Says(string what, Func<Tensor> act) => Assert.Contains(what, Assert.Throws<TorchException>(act).Message);
    }

    private static ScanInputs InputsOf(Tensor[] x, Tensor? begins) => new(x[0], x[1], x[2], x[3], x[4], x[5], x[6], begins);

    private static Tensor[] Scanned(long B, long T, ScanSizes sizes, double decay) =>
    [
        Twins.Values(1, B, T, sizes.Inner).Mul(2), Twins.Values(2, B, T, sizes.Shared).Mul(2), Twins.Values(3, B, T, sizes.Shared).Mul(2),
        Twins.Values(4, B, T, sizes.Heads).Mul(4), Twins.Values(5, sizes.Heads), Twins.Values(6, sizes.Heads).Add(Math.Log(decay)),
        Twins.Values(7, sizes.Heads).Add(1),
    ];
}

public sealed class MambaKernels512() : MambaKernelsTests(512);

public sealed class MambaKernels256() : MambaKernelsTests(256);

public sealed class MambaKernels128() : MambaKernelsTests(128);

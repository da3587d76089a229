using Espalier.Torch.Delta;
using Espalier.Torch.Mamba.Scan;

namespace Espalier.Torch.Tests.Kernels;

// Shapes: B batch, T time, M value heads, P channels of one, G key heads, S channels of one.

/// <summary>The kernels of the gated delta rule and their gradients against the plain twin, token by token in float64.</summary>
public abstract class DeltaKernelsTests(int bits) : KernelTest(bits)
{
    // Rows, positions, value heads, their channels, key heads, their channels; documents; how far apart the tokens' decays are.
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
        // Heads as those of published models.
        { 1, 200, 2, 128, 1, 128, 90, 1 },
        // Decays of e^−60 a token and more.
        { 1, 70, 2, 8, 1, 8, null, 100 },
        { 0, 7, 2, 3, 1, 2, null, 1 },
        { 2, 0, 2, 3, 1, 2, null, 1 },
    };

    [Theory]
    [MemberData(nameof(Scans))]
    public void Delta_rules_and_their_gradients(long B, long T, int M, int P, int G, int S, int? document, double decay)
    {
        using var scope = TensorScope.Begin();
        var (begins, sizes) = (Twins.Begins(B, T, document), new ScanSizes(M, P, G, S));
        Twins.Compare(
            x => DeltaByParts.Run(Of(x, begins), sizes, null), x => DeltaOperators.DeltaScan(Of(x, begins), sizes), 2e-5, 1e-4,
            Scanned(B, T, sizes, decay));
    }

    [Theory]
    [InlineData(1, 1, 2, 3, 1, 2)]
    [InlineData(2, 70, 6, 33, 3, 17)]
    [InlineData(1, 129, 9, 16, 1, 5)]
    public void A_delta_rule_goes_on_from_a_state(long B, long T, int M, int P, int G, int S)
    {
        using var scope = TensorScope.Begin();
        var sizes = new ScanSizes(M, P, G, S);
        var wide = Scanned(B, T, sizes, 1);
        var single = Array.ConvertAll(wide, x => x.To(DType.Float32));
        var expected = Twins.Values(9, B, M, S, P);
        var state = expected.To(DType.Float32);
        Twins.AssertNear(
            DeltaByParts.Run(Of(wide, null), sizes, expected), DeltaOperators.DeltaScan(Of(single, null), sizes, state), 2e-5);
        Twins.AssertNear(expected, state, 2e-5);
    }

    [Fact]
    public void Parts_of_wider_tensors_and_samples_that_lie_apart_are_read_where_they_lie()
    {
        using var scope = TensorScope.Begin();
        var sizes = new ScanSizes(4, 5, 2, 3);
        Tensor Part(Tensor x) => x.Slice(2, 1, x.Size(2) - 1);
        DeltaInputs Inputs(Tensor[] x) => new(Part(x[0]), Part(x[1]), Part(x[2]), Part(x[3]), Part(x[4]), x[5], x[6]);
        Twins.Compare(
            x => DeltaByParts.Run(Inputs(x), sizes, null), x => DeltaOperators.DeltaScan(Inputs(x), sizes), 2e-5, 1e-4,
            Twins.Values(1, 2, 67, 8), Twins.Values(2, 2, 67, 8), Twins.Values(3, 2, 67, 22), Twins.Values(4, 2, 67, 6),
            Twins.Values(5, 2, 67, 6), Twins.Values(6, 4), Twins.Values(7, 4));
    }

    [Fact]
    public void Tokens_that_all_have_one_key_and_write_all_of_it_leave_the_last_value()
    {
        using var scope = TensorScope.Begin();
        // β is 1 and nothing decays: each token replaces what the one before it wrote. In an inverse that is made of powers, numbers of
        // up to 1e18 would cancel here.
        var (T, sizes) = (200L, new ScanSizes(1, 3, 1, 2));
        Tensor Same(double value, params long[] shape) => Tensor.Full(value, DType.Float32, shape);
        var values = Twins.Values(3, 1, T, 3).To(DType.Float32);
        var y = DeltaOperators.DeltaScan(
            new(Same(50, 1, T, 2), Same(50, 1, T, 2), values, Same(40, 1, T, 1), Same(-200, 1, T, 1), Same(0, 1), Same(0, 1)), sizes);
        Twins.AssertNear(values.To(DType.Float64).Mul(1 / Math.Sqrt(2)), y, 1e-5);
    }

    [Fact]
    public void Before_a_document_nothing_is_seen_whatever_it_is()
    {
        using var scope = TensorScope.Begin();
        var sizes = new ScanSizes(2, 3, 1, 4);
        var begins = Twins.Begins(1, 140, 70);
        Tensor[] With(double before) => [.. Scanned(1, 140, sizes, 1)
            .Select((x, i) => (i < 5 ? Tensor.Cat(1, x.Slice(1, 0, 70).Mul(before), x.Slice(1, 70, 140)) : x).To(DType.Float32))];
        float[] Second(Tensor[] x) =>
            DeltaOperators.DeltaScan(Of(x, begins), sizes).Slice(1, 70, 140).Contiguous().ToArray<float>();
        Assert.Equal(Second(With(1)), Second(With(50)));
    }

    [Fact]
    public void The_number_of_threads_does_not_show()
    {
        using var scope = TensorScope.Begin();
        var sizes = new ScanSizes(10, 5, 2, 6);
        float[] All()
        {
            var x = Twins.Leaves(DType.Float32, Scanned(2, 130, sizes, 1));
            var y = DeltaOperators.DeltaScan(Of(x, Twins.Begins(2, 130, 31)), sizes);
            y.Backward(Twins.Values(9, 2, 130, 50).To(DType.Float32));
            return [.. y.ToArray<float>(), .. x.SelectMany(leaf => leaf.Grad()!.ToArray<float>())];
        }
        Twins.AssertThreadsDoNotShow(All);
    }

    [Theory]
    [InlineData(1, 1, 1, 1)]
    [InlineData(6, 33, 3, 17)]
    [InlineData(9, 16, 1, 5)]
    public void A_token_a_row_gives_what_the_whole_text_gives(int M, int P, int G, int S)
    {
        using var scope = TensorScope.Begin();
        // Two sequences of which one is a token ahead, in slots 2 and 0 that held something else.
        var (T, sizes) = (5, new ScanSizes(M, P, G, S));
        var x = Scanned(2, T, sizes, 1);
        var expected = DeltaByParts.Run(Of(x, null), sizes, null);
        RowBuffer Weight(Tensor value) => RowBuffer.Of(value.To(DType.Float32));
        using RowBuffer bias = Weight(x[5]), log = Weight(x[6]), state = Weight(Twins.Values(8, 3, M * S * P).Mul(100));
        for (var t = 0; t <= T; t++)
        {
            (int Slot, int Sample, int Position)[] rows = [(2, 0, t), (0, 1, t - 1)];
            rows = [.. rows.Where(row => row.Position >= 0 && row.Position < T)];
            RowBuffer Rows(int which) => RowBuffer.Of(
                Tensor.Cat(0, [.. rows.Select(row => x[which].Select(0, row.Sample).Slice(0, row.Position, row.Position + 1))])
                    .To(DType.Float32));
            using RowBuffer q = Rows(0), k = Rows(1), v = Rows(2), strengths = Rows(3), steps = Rows(4);
            RowDeltaOps.Scan(
                v, k, q, strengths, steps, (bias, log), sizes, state, [.. rows.Select(row => row.Slot)],
                [.. rows.Select(row => row.Position)]);
            for (var row = 0; row < rows.Length; row++)
                Twins.AssertNear(
                    expected.Select(0, rows[row].Sample).Select(0, rows[row].Position), Tensor.From<float>(v.Row(row), sizes.Inner), 2e-5);
        }
        Assert.Contains("row delta rule: slot 3 of 3", Assert.Throws<TorchException>(() =>
        {
            using RowBuffer q = Weight(x[0].Select(1, 0)), k = Weight(x[1].Select(1, 0)), v = Weight(x[2].Select(1, 0));
            using RowBuffer strengths = Weight(x[3].Select(1, 0)), steps = Weight(x[4].Select(1, 0));
            RowDeltaOps.Scan(v, k, q, strengths, steps, (bias, log), sizes, state, [2, 3], [0, 0]);
        }).Message);
    }

    [Fact]
    public void What_does_not_fit_is_an_error()
    {
        using var scope = TensorScope.Begin();
        var x = Tensor.Zeros(DType.Float32, 2, 3, 4);
        var bias = Tensor.Zeros(DType.Float32, 4);
        Says("key heads must divide value heads", new(x, x, x, x, x, bias, bias), new(3, 1, 2, 1));
        Says("q is Float32 [2, 3, 3]; it must be Float32 [2, 3, 4]", new(x.Slice(2, 0, 3), x, x, x, x, bias, bias), new(4, 1, 4, 1));
        Says("must be Float32 [2, 3, 5]", new(x, x, x, x, x, bias, bias), new(4, 1, 1, 5));
        Says("a state must be contiguous", new(x, x, x, x, x, bias, bias), new(4, 1, 4, 1),
            Tensor.Zeros(DType.Float32, 1, 4, 1, 2).Transpose(0, 3));

        static void Says(string what, DeltaInputs of, ScanSizes sizes, Tensor? state = null) =>
            Assert.Contains(what, Assert.Throws<TorchException>(() => DeltaOperators.DeltaScan(of, sizes, state)).Message);
    }

    private static DeltaInputs Of(Tensor[] x, Tensor? begins) => new(x[0], x[1], x[2], x[3], x[4], x[5], x[6], begins);

    private static Tensor[] Scanned(long B, long T, ScanSizes sizes, double decay) =>
    [
        Twins.Values(1, B, T, sizes.Shared).Mul(2), Twins.Values(2, B, T, sizes.Shared).Mul(2), Twins.Values(3, B, T, sizes.Inner).Mul(2),
        Twins.Values(4, B, T, sizes.Heads).Mul(6), Twins.Values(5, B, T, sizes.Heads).Mul(4), Twins.Values(6, sizes.Heads),
        Twins.Values(7, sizes.Heads).Add(Math.Log(decay)),
    ];
}

public sealed class DeltaKernels512() : DeltaKernelsTests(512);

public sealed class DeltaKernels256() : DeltaKernelsTests(256);

public sealed class DeltaKernels128() : DeltaKernelsTests(128);

using Espalier.Tests;
using Espalier.Torch;

namespace Espalier.Models.Tests.Decoding;

/// <summary>
/// The Mamba-2 mixer against transformers' in float64 (tests/golden/mamba): values and every gradient, with documents and in pieces.
/// </summary>
public sealed class Mamba2MixerTests : TorchTest
{
    // Of the parts of transformers' fused parameters the names, in the order in which they lie.
    private static readonly string[] s_projected = ["z", "x", "b", "c", "dt"], s_convolved = ["x", "b", "c"];

    public static TheoryData<string, bool> Cases => new()
    {
        { "small", false }, { "small", true }, { "one", false }, { "one", true }, { "wide", false }, { "wide", true },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void Values_and_gradients_are_transformers_in_float64(string name, bool documents) =>
        Compare(name, documents, DType.Float64, 1e-9, 1e-9);

    // Rounding of float32 over sums of up to 150 positions and 64 channels, of values of some units.
    [Theory]
    [MemberData(nameof(Cases))]
    public void The_kernels_are_near_in_float32(string name, bool documents) => Compare(name, documents, DType.Float32, 2e-5, 2e-5);

    [Theory]
    [InlineData("small", DType.Float64, 1e-9)]
    [InlineData("one", DType.Float64, 1e-9)]
    [InlineData("small", DType.Float32, 2e-5)]
    [InlineData("wide", DType.Float32, 2e-5)]
    public void In_pieces_with_a_state_between_them_it_is_the_same(string name, DType type, double tolerance)
    {
        using var golden = new GoldenTensors(Fixtures.Golden("mamba", $"{name}.safetensors"));
        using var noGrad = GradMode.Disable();
        using var scope = TensorScope.Begin();
        var (config, mixer) = MixerOf(golden, type, []);
        var (x, T) = (golden.Tensor64("input").To(type), golden.Shape("input")[1]);
        using var cache = new KeyValueCache(config, 2, T, type);
        var parts = new List<Tensor>();
        foreach (var (start, end) in (ReadOnlySpan<(long, long)>)[(0, 1), (1, 3), (3, 60), (60, 61), (61, T)])
        {
            parts.Add(mixer.Forward(x.Slice(1, start, end), Context(null, cache)));
            cache.Advance(end - start);
        }
        var expected = golden.Doubles("output");
        GoldenTensors.AssertClose(expected, GoldenTensors.DoublesOf(Tensor.Cat(1, [.. parts])), tolerance * 10, tolerance, "output");
        cache.Clear();
        var again = mixer.Forward(x.Slice(1, 0, 60), Context(null, cache));
        GoldenTensors.AssertClose(
            GoldenTensors.DoublesOf(Tensor.Cat(1, [.. parts]).Slice(1, 0, 60)), GoldenTensors.DoublesOf(again), tolerance * 10, tolerance,
            "after clearing");
    }

    /// <summary>
    /// Products by the model's width in bfloat16, whose numbers have eight bits: half a unit in the last place is 0.2 % of a factor, and
    /// what comes out may be twice as far off. The state, the convolution and the norm stay in float32, so nothing grows with the text. The
    /// case of one head is left out: the gradients of its scan are single sums that cancel.
    /// </summary>
    [Theory]
    [InlineData("small")]
    [InlineData("wide")]
    public void Products_in_bfloat16_stay_near_transformers_in_float64(string name)
    {
        using var golden = new GoldenTensors(Fixtures.Golden("mamba", $"{name}.safetensors"));
        using var scope = TensorScope.Begin();
        var leaves = new Dictionary<string, Tensor>();
        var (_, mixer) = MixerOf(golden, DType.Float32, leaves);
        var x = Leaf(golden.Tensor64("input").To(DType.Float32));
        var y = mixer.Forward(x, Context(null, null, ComputeType.Bfloat16));
        Assert.Equal(DType.Float32, leaves["A_log#"].DType);
        y.To(DType.Float32).Backward(golden.Tensor64("seed").To(DType.Float32));
        Near("output", golden.Doubles("output"), y, 0.02);
        Near("grad.input", golden.Doubles("grad.input"), x.Grad()!, 0.05);
        foreach (var weight in (string[])["A_log#", "D#", "dt_bias#", "norm.weight#"])
        {
            Assert.Equal(DType.Float32, leaves[weight].Grad()!.DType);
            Near(weight, golden.Doubles($"grad.{weight[..^1]}"), leaves[weight].Grad()!, 0.05);
        }

        static void Near(string what, double[] expected, Tensor actual, double most)
        {
            var difference = Math.Sqrt(expected.Zip(GoldenTensors.DoublesOf(actual), (a, b) => (a - b) * (a - b)).Sum());
            var norm = Math.Sqrt(expected.Sum(value => value * value));
            Assert.True(difference <= most * norm && difference > 1e-5 * norm, $"{what}: {difference / norm:0.#####} of its norm");
        }
    }

    private static void Compare(string name, bool documents, DType type, double absolute, double relative)
    {
        using var golden = new GoldenTensors(Fixtures.Golden("mamba", $"{name}.safetensors"));
        using var scope = TensorScope.Begin();
        var leaves = new Dictionary<string, Tensor>();
        var (_, mixer) = MixerOf(golden, type, leaves);
        var x = Leaf(golden.Tensor64("input").To(type));
        var T = x.Size(1);
        var begins = golden.Longs("begins");
        var begins_BT = documents
            ? Tensor.From<long>([.. begins.SelectMany(begin => Enumerable.Range(0, (int)T).Select(t => t < begin ? 0 : begin))], 2, T)
            : null;
        var prefix = documents ? "documents." : "";
        var y = mixer.Forward(x, Context(begins_BT, null));
        y.Backward(golden.Tensor64("seed").To(type));
        Near($"{prefix}output", y);
        Near($"{prefix}grad.input", x.Grad()!);
        foreach (var (weight, leaf) in leaves)
            Near(weight, leaf.Grad()!);

        void Near(string what, Tensor actual)
        {
            var parts = what.Split('#');
            var expected = golden.Doubles(parts.Length == 1 ? what : $"{prefix}grad.{parts[0]}");
            if (parts.Length > 1)
                expected = Part(expected, golden, parts[0], parts[1]);
            // Sums of gradients cancel: what counts is the size of the terms.
            var size = Math.Max(1, expected.Max(Math.Abs));
            GoldenTensors.AssertClose(expected, GoldenTensors.DoublesOf(actual), absolute * size, relative, what);
        }
    }

    private static double[] Part(double[] all, GoldenTensors golden, string weight, string part)
    {
        var sizes = golden.Longs("sizes");
        var (heads, inner, shared) = (sizes[0], sizes[0] * sizes[1], sizes[2] * sizes[3]);
        var (rows, names) = weight.StartsWith("in_proj", StringComparison.Ordinal)
            ? (new[] { inner, inner, shared, shared, heads }, s_projected) : ([inner, shared, shared], s_convolved);
        var index = Array.IndexOf(names, part);
        if (index < 0)
            return all;
        var columns = all.Length / rows.Sum();
        return [.. all.Skip((int)(rows[..index].Sum() * columns)).Take((int)(rows[index] * columns))];
    }

    private static (DecoderConfig, Mamba2Mixer) MixerOf(GoldenTensors golden, DType type, Dictionary<string, Tensor> leaves)
    {
        var sizes = golden.Longs("sizes").Select(size => (int)size).ToArray();
        var width = (int)golden.Shape("input")[2];
        var config = new DecoderConfig
        {
            Family = "nemotron_h",
            VocabularySize = 1,
            HiddenSize = width,
            IntermediateSize = 1,
            Layers = 1,
            QueryHeads = 1,
            KeyValueHeads = 1,
            HeadDim = 1,
            TiedEmbeddings = true,
            MaxPositions = 1000,
            LayerKinds = LayerKinds.All(new LayerKind { HasAttention = false, HasMamba = true, HasFeedForward = false }),
            Mamba = new()
            {
                Heads = sizes[0],
                HeadDim = sizes[1],
                Groups = sizes[2],
                StateSize = sizes[3],
                Kernel = sizes[4],
                LeastStep = golden.Scalar("least"),
            },
        };
        Tensor? Weight(string name, string part = "", bool isVector = false)
        {
            if (!golden.Has($"weight.{name}"))
                return null;
            var values = Part(golden.Doubles($"weight.{name}"), golden, name, part);
            var rows = isVector || !name.EndsWith("weight", StringComparison.Ordinal) ? values.Length
                : golden.Shape($"weight.{name}") switch
                {
                    [_, _, var taps] => values.Length / taps,
                    [_, var columns] => values.Length / columns,
                    _ => values.Length,
                };
            long[] shape = rows == values.Length && golden.Shape($"weight.{name}").Length == 1 ? [rows] : [rows, values.Length / rows];
            return leaves[$"{name}#{part}"] = Leaf(Tensor.From<double>(values, shape).To(type));
        }
        Projection Projected(string part) => new(Weight("in_proj.weight", part)!, Weight("in_proj.bias", part));
        return (config, new(config, 0)
        {
            GateProj = Projected("z"),
            InputProj = Projected("x"),
            BProj = Projected("b"),
            CProj = Projected("c"),
            StepProj = Projected("dt"),
            InputConv = Weight("conv1d.weight", "x")!,
            InputConvBias = Weight("conv1d.bias", "x"),
            BConv = Weight("conv1d.weight", "b")!,
            BConvBias = Weight("conv1d.bias", "b"),
            CConv = Weight("conv1d.weight", "c")!,
            CConvBias = Weight("conv1d.bias", "c"),
            StepBias = Weight("dt_bias")!,
            LogDecay = Weight("A_log")!,
            Skip = Weight("D")!,
            NormWeight = Weight("norm.weight")!,
            OutProj = new(Weight("out_proj.weight")!, Weight("out_proj.bias")),
        });
    }

    private static ForwardContext Context(Tensor? begins, KeyValueCache? cache, ComputeType compute = ComputeType.Float32) =>
        new(default, null, begins, cache, null, compute);

    private static Tensor Leaf(Tensor tensor)
    {
        tensor = tensor.Detach();
        tensor.RequiresGrad = true;
        return tensor;
    }
}

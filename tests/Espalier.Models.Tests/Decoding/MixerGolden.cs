using Espalier.Models.Mixers;
using Espalier.Tests;

namespace Espalier.Models.Tests.Decoding;

/// <summary>A mixer of transformers in float64 (tests/golden/mamba, tests/golden/delta), and ours with its weights.</summary>
/// <param name="folder">Of tests/golden.</param>
/// <param name="make">The mixer, out of tensors by the names of transformers and of the parts that are parameters of their own.</param>
/// <param name="parts">
/// Of transformers' parameters that are several of ours the parts' names and rows in the order in which they lie, by name and sizes.
/// </param>
internal sealed class MixerGolden(
    string folder, Func<GoldenTensors, MixerGolden.Weights, (DecoderConfig, IMixer)> make, Func<string, int[], (string, int)[]> parts)
{
    /// <summary>A weight of ours; null where transformers has none of that name.</summary>
    /// <param name="name">As transformers has it.</param>
    /// <param name="part">Which part of it; nothing for all.</param>
    public delegate Tensor? Weights(string name, string part = "");

    /// <summary>The sizes that a golden holds.</summary>
    public static int[] Sizes(GoldenTensors golden) => [.. golden.Longs("sizes").Select(size => (int)size)];

    /// <summary>A decoder of one layer of a kind.</summary>
    public static DecoderConfig ConfigOf(GoldenTensors golden, LayerKind kind) => new()
    {
        Family = "nemotron_h",
        VocabularySize = 1,
        HiddenSize = (int)golden.Shape("input")[2],
        IntermediateSize = 1,
        Layers = 1,
        QueryHeads = 1,
        KeyValueHeads = 1,
        HeadDim = 1,
        TiedEmbeddings = true,
        MaxPositions = 1000,
        LayerKinds = LayerKinds.All(kind with { HasAttention = false, HasFeedForward = false }),
    };

    /// <summary>Values and every gradient.</summary>
    public void Compare(string name, bool documents, DType type, double tolerance)
    {
        using var golden = new GoldenTensors(Fixtures.Golden(folder, $"{name}.safetensors"));
        using var scope = TensorScope.Begin();
        var (leaves, x) = (new Dictionary<string, Tensor>(), Leaf(golden.Tensor64("input").To(type)));
        var (_, mixer) = make(golden, (weight, part) => Weight(golden, type, weight, part, leaves));
        var T = (int)x.Size(1);
        var begins_BT = !documents ? null : Tensor.From<long>(
            [.. golden.Longs("begins").SelectMany(begin => Enumerable.Range(0, T).Select(t => t < begin ? 0 : begin))], 2, T);
        var prefix = documents ? "documents." : "";
        var y = mixer.Forward(x, Context(begins_BT, null));
        y.Backward(golden.Tensor64("seed").To(type));
        Near(golden.Doubles($"{prefix}output"), y, "output");
        Near(golden.Doubles($"{prefix}grad.input"), x.Grad()!, "input");
        foreach (var (weight, leaf) in leaves)
            Near(Part(golden, $"{prefix}grad.", weight.Split('#')), leaf.Grad()!, weight);

        void Near(double[] expected, Tensor actual, string what)
        {
            // Sums of gradients cancel: what counts is the size of the terms.
            var size = Math.Max(1, expected.Max(Math.Abs));
            GoldenTensors.AssertClose(expected, GoldenTensors.DoublesOf(actual), tolerance * size, tolerance, what);
        }
    }

    /// <summary>In pieces with a state between them it is the same, and so again after the state is cleared.</summary>
    public void InPieces(string name, DType type, double tolerance)
    {
        using var golden = new GoldenTensors(Fixtures.Golden(folder, $"{name}.safetensors"));
        using var noGrad = GradMode.Disable();
        using var scope = TensorScope.Begin();
        var (config, mixer) = make(golden, (weight, part) => Weight(golden, type, weight, part, []));
        var (x, T) = (golden.Tensor64("input").To(type), golden.Shape("input")[1]);
        using var cache = new KeyValueCache(config, 2, T, type);
        var pieces = new List<Tensor>();
        foreach (var (start, end) in (ReadOnlySpan<(long, long)>)[(0, 1), (1, 3), (3, 60), (60, 61), (61, T)])
        {
            pieces.Add(mixer.Forward(x.Slice(1, start, end), Context(null, cache)));
            cache.Advance(end - start);
        }
        var all = Tensor.Cat(1, [.. pieces]);
        GoldenTensors.AssertClose(golden.Doubles("output"), GoldenTensors.DoublesOf(all), tolerance * 10, tolerance, "output");
        cache.Clear();
        var again = mixer.Forward(x.Slice(1, 0, 60), Context(null, cache));
        GoldenTensors.AssertClose(
            GoldenTensors.DoublesOf(all.Slice(1, 0, 60)), GoldenTensors.DoublesOf(again), tolerance * 10, tolerance, "after clearing");
    }

    /// <summary>
    /// Products by the model's width in bfloat16, whose numbers have eight bits: a factor is off by up to 0.4 %, and what comes out of two
    /// products after each other by little more. Convolution, state and norm stay in float32, so that nothing grows with the text. A
    /// gradient passes norms of short keys too, which make more of it: it keeps its direction.
    /// </summary>
    public void InBfloat16(string name)
    {
        using var golden = new GoldenTensors(Fixtures.Golden(folder, $"{name}.safetensors"));
        using var scope = TensorScope.Begin();
        var (leaves, x) = (new Dictionary<string, Tensor>(), Leaf(golden.Tensor64("input").To(DType.Float32)));
        var (_, mixer) = make(golden, (weight, part) => Weight(golden, DType.Float32, weight, part, leaves));
        var y = mixer.Forward(x, Context(null, null, ComputeType.Bfloat16));
        y.To(DType.Float32).Backward(golden.Tensor64("seed").To(DType.Float32));
        double[] expected = golden.Doubles("output"), actual = GoldenTensors.DoublesOf(y);
        var error = Math.Sqrt(Dot([.. expected.Zip(actual, (a, b) => a - b)], [.. expected.Zip(actual, (a, b) => a - b)]));
        // Below that it was no bfloat16.
        Assert.InRange(error / Math.Sqrt(Dot(expected, expected)), 1e-5, 0.02);
        double[] slopes = golden.Doubles("grad.input"), found = GoldenTensors.DoublesOf(x.Grad()!);
        Assert.InRange(Dot(slopes, found) / Math.Sqrt(Dot(slopes, slopes) * Dot(found, found)), 0.99, 1);
        foreach (var (weight, leaf) in leaves)
            Assert.True(leaf.Grad() is { DType: DType.Float32 } gradient && gradient.AllFinite(), weight);

        static double Dot(double[] a, double[] b) => a.Zip(b, (x, y) => x * y).Sum();
    }

    private Tensor? Weight(GoldenTensors golden, DType type, string name, string part, Dictionary<string, Tensor> leaves)
    {
        if (!golden.Has($"weight.{name}"))
            return null;
        var values = Part(golden, "weight.", [name, part]);
        // Of a convolution transformers has a dimension of one between channels and taps.
        long[] shape = golden.Shape($"weight.{name}") switch
        {
            [_] => [values.Length],
            [.., var columns] => [values.Length / columns, columns],
            _ => throw new InvalidOperationException(name),
        };
        return leaves[$"{name}#{part}"] = Leaf(Tensor.From<double>(values, shape).To(type));
    }

    private double[] Part(GoldenTensors golden, string prefix, string[] weight)
    {
        var all = golden.Doubles($"{prefix}{weight[0]}");
        var there = parts(weight[0], Sizes(golden));
        var index = Array.FindIndex(there, part => part.Item1 == weight[1]);
        if (index < 0)
            return all;
        var columns = all.Length / there.Sum(part => part.Item2);
        return [.. all.Skip(there[..index].Sum(part => part.Item2) * columns).Take(there[index].Item2 * columns)];
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

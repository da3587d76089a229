using System.Diagnostics;
using Espalier.Models.Families;
using Espalier.Models.Generation;
using Espalier.Models.Generation.Packed;
using Espalier.Models.Generation.Sampling;

namespace Espalier.Compression.Search.Constraints;

/// <summary>
/// Times a shape's parts with random weights: the median of repeats of models of one and of three layers, whose difference is two layers.
/// </summary>
internal static class LatencyProbe
{
    private const int Repeats = 7, FewLayers = 1, ManyLayers = 3, SmallVocabulary = 64;

    /// <summary>Measures one shape.</summary>
    /// <param name="shape">The shape; its number of layers does not matter.</param>
    /// <param name="positions">Tokens of the first pass, or tokens before the next one.</param>
    /// <param name="isDecode">Whether a further token is timed instead of the first pass.</param>
    public static LatencyMeasure Measure(DecoderConfig shape, int positions, bool isDecode)
    {
        using var noGrad = GradMode.Disable();
        using Decoder few = Model(shape, FewLayers, positions), many = Model(shape, ManyLayers, positions);
        var (one, three) = isDecode ? (DecodeSeconds(few, positions), DecodeSeconds(many, positions))
            : (PrefillSeconds(few, positions), PrefillSeconds(many, positions));
        // Noise must not make a layer cost nothing or less.
        var layer = Math.Max((three - one) / (ManyLayers - FewLayers), three / ManyLayers * 0.1);
        return new(layer, Math.Max(0, one - layer), HeadSeconds(shape));
    }

    private static Decoder Model(DecoderConfig shape, int layers, int positions)
    {
        var config = Axis.Layers.With(shape, layers) with
        {
            VocabularySize = SmallVocabulary,
            MaxPositions = Math.Max(shape.MaxPositions, positions + 2 * Repeats),
        };
        return DecoderWeights.Initialise(config, FamilyCatalog.For(config.Family, "latency"), seed: 1);
    }

    private static double PrefillSeconds(Decoder model, int tokens)
    {
        var ids = new long[tokens];
        return Median(() =>
        {
            using var scope = TensorScope.Begin();
            model.Forward(Tensor.From<long>(ids, 1, ids.Length));
        });
    }

    // As generate does it: packed weights, one row at a time.
    private static double DecodeSeconds(Decoder model, int context)
    {
        using var packed = PackedWeights.Of(model);
        using var tokens = Generator.Continue(packed, new int[context], 2 * Repeats, new SamplingOptions()).GetEnumerator();
        tokens.MoveNext();
        return Median(() => tokens.MoveNext());
    }

    private static double HeadSeconds(DecoderConfig shape)
    {
        using var scope = TensorScope.Begin();
        var head_VD = Tensor.Full(0.01, DType.Float32, TorchRuntime.Device, shape.VocabularySize, shape.HiddenSize);
        var hidden_1D = Tensor.Full(0.5, DType.Float32, TorchRuntime.Device, 1, shape.HiddenSize);
        return Median(() => new LmHead(head_VD).Logits(hidden_1D).Dispose());
    }

    private static double Median(Action act)
    {
        act();
        var seconds = new double[Repeats];
        for (var i = 0; i < Repeats; i++)
        {
            var started = Stopwatch.GetTimestamp();
            act();
            TorchRuntime.Synchronize();
            seconds[i] = Stopwatch.GetElapsedTime(started).TotalSeconds;
        }
        Array.Sort(seconds);
        return seconds[Repeats / 2];
    }
}

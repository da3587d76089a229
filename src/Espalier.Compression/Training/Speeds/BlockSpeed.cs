using System.Diagnostics;
using Espalier.Models.Families;

namespace Espalier.Compression.Training.Speeds;

// Shapes: B batch, T time, D model width.

/// <summary>
/// How fast this process does the work that a recipe asks for: one block of a shape forward, and forward and backward. A block of more
/// weights than take a moment is halved on all axes until it is small enough; products of that size run as fast as larger ones. The
/// optimizer's update is once a step and not once a token, and stays out.
/// </summary>
internal static class BlockSpeed
{
    private const long MostParameters = 8_000_000;
    private const int LeastPositions = 64, MostPositions = 256, Vocabulary = 64;

    // Text is made longer until a pass takes this long: a slow or busy machine is done soon, too.
    private static readonly TimeSpan s_moment = TimeSpan.FromSeconds(0.15);

    // The pass that is under way when the time is up is waited for.
    private static readonly TimeSpan s_forward = TimeSpan.FromSeconds(0.5), s_training = TimeSpan.FromSeconds(1.5);

    /// <summary>
    /// 10⁹ operations a second of forward passes, and of such with their backward pass: one number for each pass that fits in about two
    /// seconds. libtorch is started before.
    /// </summary>
    /// <param name="model">The shape.</param>
    /// <param name="sequence">Positions of a window; more than 256 are not needed.</param>
    /// <param name="compute">The type that training computes products in; forward passes are those of scoring, in float32.</param>
    public static (IReadOnlyList<double> Forward, IReadOnlyList<double> Training) Measure(
        DecoderConfig model, int sequence, ComputeType compute = ComputeType.Float32)
    {
        var config = BlockOf(model);
        using var decoder = new Decoder(config, FamilyCatalog.For(config.Family, "block").Parameters(config)
            .Select(named => KeyValuePair.Create(named.Parameter, Tensor.Full(0.01, DType.Float32, TorchRuntime.Device, named.Shape))));
        var T = Math.Min(sequence, LeastPositions);
        // The first pass of a process loads what is needed, and says nothing about the speed.
        Forward(decoder, T);
        for (; T < Math.Min(sequence, MostPositions) && Time(() => Forward(decoder, T)) < s_moment; T *= 2)
        {
        }
        T = Math.Min(T, sequence);
        // The head is not run.
        var flops = (config.ForwardFlopsPerToken(T) - 2.0 * config.VocabularySize * config.HiddenSize) * T / 1e9;
        double[] forward = [.. Times(s_forward, () => Forward(decoder, T)).Select(seconds => flops / seconds)];
        decoder.RequiresGrad = true;
        decoder.Compute = compute;
        return (forward, [.. Times(s_training, () => Backward(decoder, T)).Select(seconds => 3 * flops / seconds)]);
    }

    /// <summary>
    /// The config with half the units of an axis: of units in groups as many in each as before, where the groups are halved too.
    /// </summary>
    private static DecoderConfig Halved(DecoderConfig block, Axis axis)
    {
        if (axis.Groups is { } groups && Axis.All.Contains(groups))
            return block;
        var (size, multiple) = (axis.Of(block), axis.Groups?.Of(block) ?? 1);
        var half = axis.With(block, Math.Max(Math.Max(multiple, axis.LeastIn(block)), size / 2 / multiple * multiple));
        return axis.Grouped is { } units ? units.With(half, axis.Of(half) * units.GroupSizeOf(block)) : half;
    }

    /// <summary>One block of the shape, or of the shape halved until it is small enough; head_dim stays.</summary>
    internal static DecoderConfig BlockOf(DecoderConfig model)
    {
        // Of a hybrid one of each kind.
        LayerKind[] kinds = model.LayerKinds.Any(kind => kind.IsOfHybrid) ? [.. model.LayerKinds.Distinct()] : [model.LayerKinds[0]];
        var block = model with
        {
            Layers = kinds.Length,
            LayerKinds = LayerKinds.Of(kinds),
            VocabularySize = Vocabulary,
            TiedEmbeddings = true,
        };
        Axis[] axes = [.. Axis.All.Where(axis => axis != Axis.Layers && !axis.IsHeadWidth && axis.IsIn(block))];
        while (block.NonEmbeddingParameters > MostParameters)
            block = axes.Aggregate(block, Halved);
        return block;
    }

    private static void Forward(Decoder decoder, int T)
    {
        using var noGrad = GradMode.Disable();
        using var scope = TensorScope.Begin();
        decoder.Forward(Ids(T));
    }

    private static void Backward(Decoder decoder, int T)
    {
        using var scope = TensorScope.Begin();
        using var pass = decoder.Train(Ids(T));
        pass.Backward(Tensor.Full(1e-3, DType.Float32, TorchRuntime.Device, pass.Hidden.Shape));
    }

    private static Tensor Ids(int T) => Tensor.From<long>([.. Enumerable.Range(0, T).Select(i => (long)(i % Vocabulary))], 1, T);

    /// <summary>
    /// Seconds of each pass; the first pays for pages and gradients' memory, and counts only where there is time for no other.
    /// </summary>
    private static List<double> Times(TimeSpan budget, Action work)
    {
        var began = Stopwatch.GetTimestamp();
        var first = Time(work).TotalSeconds;
        var times = new List<double>();
        while (Stopwatch.GetElapsedTime(began) < budget)
            times.Add(Time(work).TotalSeconds);
        return times.Count > 0 ? times : [first];
    }

    private static TimeSpan Time(Action work)
    {
        var started = Stopwatch.GetTimestamp();
        work();
        TorchRuntime.Synchronize();
        return Stopwatch.GetElapsedTime(started);
    }
}

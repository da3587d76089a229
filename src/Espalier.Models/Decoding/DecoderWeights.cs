using Espalier.Models.Checkpoints;
using Espalier.Models.Checkpoints.Safetensors;
using Espalier.Models.Families;

namespace Espalier.Models;

/// <summary>Decoders out of checkpoints, into checkpoints, and from nothing.</summary>
internal static class DecoderWeights
{
    /// <summary>
    /// Reads a checkpoint's weights into a decoder on this process's device (<see cref="TorchRuntime.Device"/>), widened to
    /// <paramref name="dtype"/> for compute. The caller owns it.
    /// </summary>
    public static Decoder Load(Checkpoint checkpoint, DType dtype = DType.Float32) => new(
        checkpoint.Config,
        checkpoint.Family.Parameters(checkpoint.Config).Select(named =>
            KeyValuePair.Create(
                named.Parameter, FromWriter(named.Shape, dtype, (first, values) => checkpoint.ReadFloat32(named.Name, first, values)))));

    /// <summary>
    /// Random weights: matrices normal(0, <paramref name="deviation"/>), norms neutral, biases zero. The stream of each parameter depends
    /// on the seed and its name alone.
    /// </summary>
    public static Decoder Initialise(DecoderConfig config, Family family, ulong seed, double deviation = 0.02) => new(
        config,
        family.Parameters(config).Select(named =>
            KeyValuePair.Create(named.Parameter,
                FromWriter(named.Shape, DType.Float32,
                    (first, values) => RandomWeights.Fill(named, config, seed, deviation, first, values)))));

    /// <summary>
    /// The weights of <see cref="Initialise"/> for <see cref="CheckpointWriter"/>, drawn piece by piece as they are asked for: no tensor is
    /// ever in memory.
    /// </summary>
    public static ITensorSource RandomSource(DecoderConfig config, Family family, ulong seed, double deviation = 0.02) =>
        new RandomWeights(config, family, seed, deviation);

    /// <summary>
    /// A decoder's weights under the family's names, for <see cref="CheckpointWriter"/>. Reads the decoder; keep it until the writing is
    /// done. Adapters must have been merged into it.
    /// </summary>
    public static ITensorSource Source(Decoder decoder, Family family) => decoder.Adapters.Count == 0 ? new DecoderSource(decoder, family)
        : throw new InvalidOperationException("the model's adapters are not merged into its weights");

    /// <summary>A tensor of no scope with a copy of the values.</summary>
    internal static Tensor ToTensor(ReadOnlySpan<float> values, ReadOnlySpan<long> shape, DType dtype) =>
        Placed(Tensor.From(values, shape).Unscoped(), dtype);

    /// <summary>A tensor of no scope whose values are written where they will lie, then brought to a type.</summary>
    internal static Tensor FromWriter(ReadOnlySpan<long> shape, DType dtype, WriteValues<float> write) =>
        Placed(Tensor.FromWriter(shape, write).Unscoped(), dtype);

    private static Tensor Placed(Tensor tensor, DType dtype)
    {
        if (tensor.DType == dtype && tensor.Device == TorchRuntime.Device)
            return tensor;
        using (tensor)
        using (var there = tensor.On(TorchRuntime.Device).Unscoped())
            return (there.DType == dtype ? there.Detach() : there.To(dtype)).Unscoped();
    }

    private sealed class DecoderSource(Decoder decoder, Family family) : ITensorSource
    {
        private readonly Dictionary<string, Tensor> _tensors =
            decoder.Parameters.ToDictionary(p => family.NameOf(p.Parameter), p => p.Value, StringComparer.Ordinal);

        public void Fill(string name, long firstElement, Span<float> destination) => _tensors[name].CopyTo(firstElement, destination);
    }
}

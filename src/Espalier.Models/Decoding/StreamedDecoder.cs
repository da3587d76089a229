using Espalier.Models.Checkpoints;
using Espalier.Models.Families;
using Espalier.Torch;

namespace Espalier.Models;

// Shapes: B batch, T time, D model width, V vocabulary.

/// <summary>
/// A decoder whose weights stay on disk. A layer is read, all batches pass through it, and it is dropped before the next one is read: memory holds one layer's
/// weights and the residual stream of every batch, and each weight is read once, however many batches there are. Operators, their order and their sizes are those of
/// <see cref="Decoder.Forward"/>, so a tap sees the same bits. No gradients, and no logits: the head is not read. Reads the checkpoint; keep that open.
/// </summary>
public sealed class StreamedDecoder : IDisposable
{
    private readonly NamedParameter[] _parameters;
    private readonly ParameterReader _reader;
    private readonly DType _dtype;
    private readonly Rotary _rotary;
    private readonly CausalMask _mask;

    /// <summary>Reads no weight yet.</summary>
    /// <param name="checkpoint">The open model.</param>
    /// <param name="dtype">Element type that weights are widened to, and compute.</param>
    public StreamedDecoder(Checkpoint checkpoint, DType dtype = DType.Float32)
    {
        Config = checkpoint.Config;
        _parameters = [.. checkpoint.Family.Parameters(Config)];
        _reader = new(checkpoint, dtype);
        _dtype = dtype;
        _rotary = new(Config, dtype);
        _mask = new(Config.SlidingWindow, dtype);
    }

    /// <summary>Shapes and kinds.</summary>
    public DecoderConfig Config { get; }

    /// <summary>Bytes of stored weights that all passes have read.</summary>
    public long BytesRead => _reader.BytesRead;

    /// <summary>One forward pass of all batches, layer by layer, to the final norm; what comes out is seen by the taps.</summary>
    /// <param name="batches">Token ids, row after row, the length of each a multiple of <paramref name="sequence"/>.</param>
    /// <param name="sequence">T, positions of a row.</param>
    /// <param name="taps">For each batch who listens to it: what <see cref="Decoder.Forward"/> would tell of it, one layer of all batches after the other.</param>
    /// <param name="stop">Stops between two batches of a layer.</param>
    /// <exception cref="EspalierException">An id is outside the vocabulary, or a weight is not finite (named).</exception>
    public void Forward(IReadOnlyList<long[]> batches, int sequence, IReadOnlyList<Tap> taps, CancellationToken stop = default)
    {
        using var noGrad = GradMode.Disable();
        var streams_BTD = new Tensor?[batches.Count];
        try
        {
            Embed(batches, sequence, taps, streams_BTD);
            for (var layer = 0; layer < Config.Layers; layer++)
            {
                stop.ThrowIfCancellationRequested();
                using var weights = new LayerWeights(_reader, _parameters.Where(named => named.Parameter.Layer == layer));
                var block = new DecoderParts(Config, weights.Tensors).Block(layer);
                Pass(streams_BTD, sequence, taps, block.Forward, stop);
            }
            Finish(streams_BTD, sequence, taps, stop);
        }
        finally
        {
            foreach (var x_BTD in streams_BTD)
                x_BTD?.Dispose();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _rotary.Dispose();
        _mask.Dispose();
    }

    private void Embed(IReadOnlyList<long[]> batches, int sequence, IReadOnlyList<Tap> taps, Tensor?[] streams_BTD)
    {
        var table = _parameters.Single(named => named.Parameter.Role == ParameterRole.Embedding);
        var rows = new EmbeddingRows(_reader, Config, table.Name, batches);
        for (var batch = 0; batch < batches.Count; batch++)
        {
            streams_BTD[batch] = rows.Embed(batches[batch], sequence, _dtype);
            taps[batch](TapPoint.Embedding, -1, streams_BTD[batch]!);
        }
    }

    private void Finish(Tensor?[] streams_BTD, int sequence, IReadOnlyList<Tap> taps, CancellationToken stop)
    {
        using var weights = new LayerWeights(_reader, _parameters.Where(named => named.Parameter.Role is ParameterRole.FinalNorm or ParameterRole.FinalNormBias));
        var norm = new DecoderParts(Config, weights.Tensors).FinalNorm();
        Pass(streams_BTD, sequence, taps, (x_BTD, context) =>
        {
            var y_BTD = norm.Forward(x_BTD);
            context.Tap!(TapPoint.FinalNorm, -1, y_BTD);
            return y_BTD;
        }, stop);
    }

    /// <summary>Sends every batch through one part; what comes out takes the place of what went in.</summary>
    private void Pass(Tensor?[] streams_BTD, int sequence, IReadOnlyList<Tap> taps, Func<Tensor, ForwardContext, Tensor> part, CancellationToken stop)
    {
        for (var batch = 0; batch < streams_BTD.Length; batch++)
        {
            stop.ThrowIfCancellationRequested();
            using var scope = TensorScope.Begin();
            var context = new ForwardContext(
                _rotary, _rotary.At(0, sequence), _mask.For(sequence, sequence), Packed: false, Cache: null, taps[batch], ComputeType.Float32);
            using var x_BTD = streams_BTD[batch]!;
            streams_BTD[batch] = part(x_BTD, context).Unscoped();
        }
    }
}

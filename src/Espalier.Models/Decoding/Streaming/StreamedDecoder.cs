using Espalier.Models.Checkpoints;
using Espalier.Models.Masks;
using Espalier.Models.Mixers;
using Espalier.Models.Rotary;

namespace Espalier.Models.Streaming;

// Shapes: B batch, T time, D model width, V vocabulary.

/// <summary>
/// A decoder whose weights stay on disk: its parts are read one at a time, from the input up, and dropped when all batches have passed
/// through. Operators, their order and their sizes are those of <see cref="Decoder.Forward"/>, so a tap sees the same bits. No gradients,
/// and no logits: the head is not read. A weight that is NaN or infinite is refused by name when it is read. Reads the checkpoint; keep
/// that open. Not safe for several threads.
/// </summary>
internal sealed class StreamedDecoder : IDisposable
{
    private readonly NamedParameter[] _parameters;
    private readonly ParameterReader _reader;
    private readonly DType _dtype;
    private readonly RotaryTables _rotary;
    private readonly CausalMasks _masks;

    /// <summary>Reads no weight yet.</summary>
    /// <param name="checkpoint">The open model.</param>
    /// <param name="dtype">Element type that weights are widened to, and compute.</param>
    public StreamedDecoder(Checkpoint checkpoint, DType dtype = DType.Float32)
    {
        Config = checkpoint.Config;
        _parameters = [.. checkpoint.Family.Parameters(Config)];
        _reader = new(checkpoint, dtype);
        _dtype = dtype;
        _rotary = new(Config, dtype, TorchRuntime.Device);
        _masks = new(Config, dtype, TorchRuntime.Device);
    }

    public DecoderConfig Config { get; }

    public DType DType => _dtype;

    /// <summary>Bytes of stored weights that were read so far.</summary>
    public long BytesRead => _reader.BytesRead;

    /// <summary>
    /// The embedding of each batch, [B, T, D], made when it is asked for. The caller disposes each; no scope does. Rows that no id names
    /// are not read, the others once.
    /// </summary>
    /// <param name="batches">Token ids, row after row.</param>
    /// <param name="sequence">T, positions of a row; each batch is a multiple of it.</param>
    /// <exception cref="EspalierException">An id is outside the vocabulary.</exception>
    public IEnumerable<Tensor> Embed(IReadOnlyList<long[]> batches, int sequence)
    {
        var table = _parameters.Single(named => named.Parameter.Role == ParameterRole.Embedding);
        var rows = new EmbeddingRows(_reader, Config, table.Name, batches);
        return batches.Select(ids => rows.Embed(ids, sequence, _dtype));
    }

    /// <summary>Reads a block. The caller disposes it before it reads the next one.</summary>
    public StreamedPart Block(int layer)
    {
        var weights = new LayerWeights(_reader, _parameters.Where(named => named.Parameter.Layer == layer));
        return new(this, weights, new DecoderParts(Config, weights.Tensors).Block(layer).Forward);
    }

    /// <summary>Reads the norm after the last block. The caller disposes it.</summary>
    public StreamedPart FinalNorm()
    {
        var weights = new LayerWeights(_reader,
            _parameters.Where(named => named.Parameter.Role is ParameterRole.FinalNorm or ParameterRole.FinalNormBias));
        var norm = new DecoderParts(Config, weights.Tensors).FinalNorm();
        return new(this, weights, (x_BTD, context) =>
        {
            var y_BTD = norm.Forward(x_BTD);
            context.Tap?.Invoke(TapPoint.FinalNorm, -1, y_BTD);
            return y_BTD;
        });
    }

    public void Dispose()
    {
        _rotary.Dispose();
        _masks.Dispose();
    }

    /// <summary>What a part needs besides its weights, for positions 0 to T − 1. The caller's scope owns cos and sin.</summary>
    internal ForwardContext ContextOf(long T, Tap? tap) =>
        new(_rotary.At(0, T), SelfAttention.IsFused(_dtype, TorchRuntime.Device) ? null : _masks,
            Begins: null, Cache: null, tap, ComputeType.Float32);
}

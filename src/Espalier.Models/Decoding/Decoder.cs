using Espalier.Models.Families;
using Espalier.Models.Layouts;
using Espalier.Models.Masks;
using Espalier.Models.Mixers;
using Espalier.Models.Rotary;

namespace Espalier.Models;

// Shapes: B batch, T time, D model width, F feed-forward width, N query heads, K key/value heads, H head width, V vocabulary.

/// <summary>
/// A decoder-only transformer of the families that <see cref="Family"/> knows. Owns its parameters, which no scope adopts.
/// Gradient flows through <see cref="Forward"/> and <see cref="Logits"/> to the parameters that want it.
/// </summary>
public sealed partial class Decoder : IDisposable
{
    private readonly (Parameter Parameter, Tensor Value)[] _parameters;
    private readonly Dictionary<Parameter, Tensor> _weights;
    private readonly Block[] _blocks;
    private readonly Normalization _norm;
    private readonly RotaryTables _rotary;
    private readonly CausalMasks _masks;

    // The one that was asked for last; threads may replace each other's.
    private LmHead? _head;

    /// <summary>
    /// Builds the decoder around its weights and takes them over: one tensor a parameter in the checkpoint's order, of the shape that the
    /// config calls for and all of one element type, on one device.
    /// </summary>
    public Decoder(DecoderConfig config, IEnumerable<KeyValuePair<Parameter, Tensor>> weights)
    {
        Config = config;
        _parameters = [.. weights.Select(pair => (pair.Key, pair.Value.Unscoped()))];
        _weights = _parameters.ToDictionary(pair => pair.Parameter, pair => pair.Value);
        DType = _weights[new(ParameterRole.Embedding)].DType;
        Device = _weights[new(ParameterRole.Embedding)].Device;
        _rotary = new(config, DType, Device);
        _masks = new(config, DType, Device);
        _blocks = new Block[config.Layers];
        BuildBlocks();
        _norm = new DecoderParts(config, _weights).FinalNorm();
    }

    /// <summary>Shapes and kinds.</summary>
    public DecoderConfig Config { get; }

    /// <summary>Element type of weights and compute.</summary>
    public DType DType { get; }

    /// <summary>The device of the weights, on which everything is computed: ids must be there too.</summary>
    public Device Device { get; }

    /// <summary>
    /// What the products with weights are computed in, in blocks and in the head while training; those of attention stay in the weights'
    /// own type, which this is too unless set, but on a GPU, where they are in bfloat16 too
    /// (<see cref="FlashAttentionOperators.FlashAttention"/>).
    /// </summary>
    public ComputeType Compute { get; set; }

    /// <summary>
    /// A decoder on the same weights with gradients of its own, for a thread beside this one's; as this one is set now. The caller disposes
    /// it, before this one.
    /// </summary>
    public Decoder Replica()
    {
        var replica = new Decoder(Config, _parameters.Select(p => KeyValuePair.Create(p.Parameter, p.Value.Replica())))
        {
            Compute = Compute,
            ActivationCheckpointing = ActivationCheckpointing,
        };
        replica.Attach([.. _adapters.Select(adapter => adapter.Replica())]);
        return replica;
    }

    /// <summary>Sets <see cref="Compute"/> until the result is disposed: evaluation amid training.</summary>
    public IDisposable Computing(ComputeType compute) => new ComputeSwitch(this, compute);

    /// <summary>Whether <see cref="Train"/> keeps the blocks' inputs alone and computes each block twice.</summary>
    public bool ActivationCheckpointing { get; set; }

    /// <summary>The embedding table, [V, D].</summary>
    public Tensor Embedding => _weights[new(ParameterRole.Embedding)];

    /// <summary>The head, whose matrix is the embedding table where it is tied.</summary>
    public LmHead Head => _head is { } head && head.Compute == Compute ? head
        : _head = new(Config.TiedEmbeddings ? Embedding : _weights[new(ParameterRole.Head)], Compute)
        {
            Divisor = Config.LogitDivisor,
            Cap = Config.LogitCap,
        };

    /// <summary>All parameters in the order in which they were given, which is the checkpoint's; a tied table once.</summary>
    public IReadOnlyList<(Parameter Parameter, Tensor Value)> Parameters => _parameters;

    /// <summary>Whether all parameters require gradients.</summary>
    public bool RequiresGrad
    {
        set
        {
            foreach (var tensor in _weights.Values)
                tensor.RequiresGrad = value;
        }
    }

    /// <summary>The output of the final norm, [B, T, D].</summary>
    /// <param name="ids_BT">Token ids, Int64. Ids outside the vocabulary are libtorch's error.</param>
    /// <param name="tap">Reads values as they pass, or null.</param>
    /// <param name="cache">Earlier positions, which these follow; null starts at position 0.</param>
    /// <param name="places"> Each token's place in its document, row by row, where a row holds several: 0 begins a document, which sees
    /// nothing before it. Null where rows are one text.
    /// </param>
    public Tensor Forward(Tensor ids_BT, Tap? tap = null, KeyValueCache? cache = null, long[]? places = null)
    {
        if (cache is not null && places is not null)
            throw new ArgumentException("a cache holds one text per row", nameof(places));
        if (tap is not null || cache is not null)
            return Pass(ids_BT, tap, cache, places);
        using var scope = TensorScope.BeginReusing();
        return scope.Keep(Pass(ids_BT, null, null, places));
    }

    /// <summary>The output of the final norm for one row that holds texts with several continuations, [1, T, D]. No gradient.</summary>
    /// <param name="ids_1T">The texts' ids, each followed by those of its ways.</param>
    /// <param name="texts">Their layout in the row.</param>
    /// <param name="prefix">
    /// Keys and values that all texts follow, or null: a cache of one row with room for T more, which is left as it was.
    /// </param>
    internal Tensor ForwardBranched(Tensor ids_1T, IReadOnlyList<BranchedText> texts, KeyValueCache? prefix = null)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(ids_1T.Size(1), texts.Sum(text => text.Tokens));
        using var noGrad = GradMode.Disable();
        using var scope = TensorScope.Begin();
        using var layout = BranchedLayout.Of(texts, prefix?.Length ?? 0, _rotary, DType, Device);
        var context = new ForwardContext(layout.Tables, layout.Masks, null, prefix, null, Compute, layout);
        var x_BTD = Embed(ids_1T, context);
        foreach (var block in _blocks)
            x_BTD = block.Forward(x_BTD, context);
        return scope.Keep(Finish(x_BTD, context));
    }

    private Tensor Pass(Tensor ids_BT, Tap? tap, KeyValueCache? cache, long[]? places)
    {
        using var layout = LayoutOf(ids_BT, places);
        var context = ContextOf(ids_BT, tap, layout, cache);
        var x_BTD = Embed(ids_BT, context);
        foreach (var block in _blocks)
            x_BTD = block.Forward(x_BTD, context);
        cache?.Advance(ids_BT.Size(1));
        return Finish(x_BTD, context);
    }

    /// <summary>A forward pass to go back through with gradients from outside; the caller disposes it.</summary>
    /// <param name="ids_BT">Token ids, Int64; they stay until the pass ends.</param>
    /// <param name="tapped">Values that losses read on the way, or none.</param>
    /// <param name="places">Each token's place in its document, as in <see cref="Forward"/>, or null.</param>
    internal TrainingPass Train(Tensor ids_BT, IReadOnlyCollection<TapPlace>? tapped = null, long[]? places = null) =>
        new(ActivationCheckpointing ? new CheckpointedPass(this, ids_BT, tapped, places) : GraphPass.Run(this, ids_BT, tapped, places));

    /// <summary>Logits of hidden states: [..., D] to [..., V].</summary>
    public Tensor Logits(Tensor hidden) => Head.Logits(hidden);

    /// <summary>
    /// The residual stream before the first block, [B, T, D], of ids from position 0: the beginning of a pass that goes block by block.
    /// </summary>
    public Tensor EmbedStream(Tensor ids_BT) => Embedding.Embedding(ids_BT.On(Device)).Times(Config.EmbeddingScale);

    /// <summary>
    /// The residual stream after one block, [B, T, D]. Blocks may be left out and come in any order, and rows need not belong together:
    /// what several models without some of the blocks have in common is computed once.
    /// </summary>
    /// <param name="layer">Which block, from 0.</param>
    /// <param name="stream_BTD">The stream before it, positions from 0.</param>
    public Tensor RunBlock(int layer, Tensor stream_BTD)
    {
        using var scope = TensorScope.Begin();
        return scope.Keep(_blocks[layer].Forward(stream_BTD, ContextOf(stream_BTD, null)));
    }

    /// <summary>The final norm of a residual stream, [B, T, D], which <see cref="Logits"/> takes.</summary>
    public Tensor FinishStream(Tensor stream_BTD)
    {
        using var scope = TensorScope.Begin();
        return scope.Keep(_norm.Forward(stream_BTD));
    }

    /// <summary>The blocks, from the input up.</summary>
    internal IReadOnlyList<Block> Blocks => _blocks;

    /// <summary>
    /// The lowest part that wants a gradient: −1 the embedding, else a block; their number where only what is above them does, or nothing.
    /// </summary>
    internal int LowestTrained => _parameters.Where(p => p.Value.RequiresGrad)
        .Select(p => p.Parameter.Role == ParameterRole.Embedding ? -1 : p.Parameter.Layer < 0 ? _blocks.Length : p.Parameter.Layer)
        .Concat(_adapters.Where(adapter => adapter.RequiresGrad).Select(adapter => adapter.Parameter.Layer))
        .DefaultIfEmpty(_blocks.Length).Min();

    /// <summary>The layout of rows with several documents; null where every token follows the one before it.</summary>
    internal DocumentLayout? LayoutOf(Tensor ids_BT, long[]? places) => places is null
        ? null
        : DocumentLayout.Of(places, ids_BT.Size(0), ids_BT.Size(1), _rotary, DType, Device);

    /// <summary>What the blocks of a pass over these ids share.</summary>
    internal ForwardContext ContextOf(Tensor ids_BT, Tap? tap, DocumentLayout? layout = null, KeyValueCache? cache = null)
    {
        var (T, past) = (ids_BT.Size(1), cache?.Length ?? 0);
        if (cache is not null && past + T > cache.Capacity)
            throw new EspalierException($"{past + T} positions exceed the cache's {cache.Capacity}");
        if (past > 0 && past <= Config.LongAfter && past + T > Config.LongAfter)
            throw new EspalierException(
                $"the text grows to {past + T} positions, and after {Config.LongAfter} all of them use other rotary factors (LongRoPE): "
                    + "clear the cache and give the whole text again");
        return layout is not null
            ? new(layout.Tables, layout.Masks, layout.Begins, null, tap, Compute)
            : new(_rotary.At(past, T), SelfAttention.IsFused(DType, Device) ? null : _masks, Begins: null, cache, tap, Compute);
    }

    /// <summary>The embedding, [B, T, D].</summary>
    internal Tensor Embed(Tensor ids_BT, ForwardContext context)
    {
        var x_BTD = EmbedStream(ids_BT);
        context.Tap?.Invoke(TapPoint.Embedding, -1, x_BTD);
        return x_BTD;
    }

    /// <summary>The final norm, [B, T, D].</summary>
    internal Tensor Finish(Tensor x_BTD, ForwardContext context)
    {
        var y_BTD = _norm.Forward(x_BTD);
        context.Tap?.Invoke(TapPoint.FinalNorm, -1, y_BTD);
        return y_BTD;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var tensor in _weights.Values)
            tensor.Dispose();
        foreach (var adapter in _adapters)
            adapter.Dispose();
        _rotary.Dispose();
        _masks.Dispose();
    }

    private sealed class ComputeSwitch : IDisposable
    {
        private readonly Decoder _decoder;
        private readonly ComputeType _before;

        public ComputeSwitch(Decoder decoder, ComputeType compute) =>
            (_decoder, _before, decoder.Compute) = (decoder, decoder.Compute, compute);

        public void Dispose() => _decoder.Compute = _before;
    }
}

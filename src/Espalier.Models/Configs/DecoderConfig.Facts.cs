namespace Espalier.Models;

public sealed partial record DecoderConfig
{
    /// <summary>Query heads that share one key/value head.</summary>
    public int GroupSize => QueryHeads / KeyValueHeads;

    /// <summary>The rotary embeddings that there are: the model's, then those that layers have of their own.</summary>
    internal IReadOnlyList<RotaryConfig> Rotaries =>
        [.. LayerKinds.Select(static kind => kind.Rotary).OfType<RotaryConfig>().Prepend(Rotary).Distinct()];

    /// <summary>Which of <see cref="Rotaries"/> a layer has.</summary>
    internal int RotaryOf(int layer) => LayerKinds[layer].Rotary is { } own ? Rotaries.Index().First(one => one.Item == own).Index : 0;

    /// <summary>
    /// The length after which a text has LongRoPE's long factors (<see cref="LongRope"/>), from its first position on; int.MaxValue where
    /// no text turns by others. Keys of a text that grows beyond it are of no use any more.
    /// </summary>
    internal int LongAfter =>
        Rotaries.Select(static rotary => rotary.Scaling).OfType<LongRope>().FirstOrDefault()?.OriginalMaxPositions ?? int.MaxValue;

    /// <summary>The norm of query and key heads.</summary>
    internal NormKind HeadNorm => Norm == NormKind.RmsNorm1p ? NormKind.RmsNorm1p : NormKind.RmsNorm;

    /// <summary>Weights of the embedding table, and of the head if it is untied.</summary>
    public long EmbeddingParameters => Elements(spec => spec.Group is ParameterGroup.Embedding or ParameterGroup.Head);

    /// <summary>Weights of the first block, by closed form.</summary>
    public long BlockParameters => Elements(static spec => spec.IsPerLayer, LayerKinds[0]);

    /// <summary>Everything but the embedding table (and the head, if it is untied).</summary>
    public long NonEmbeddingParameters =>
        InLayers(static _ => true) + Elements(spec => !spec.IsPerLayer && spec.Group == ParameterGroup.Norms);

    /// <summary>All weights, by closed form; a tied table counts once. Equal to what is counted in the checkpoint.</summary>
    public long Parameters => EmbeddingParameters + NonEmbeddingParameters;

    /// <summary>
    /// The weights that take part in one token's pass: all, but of each mixture of experts only those that a token goes to.
    /// </summary>
    public long ActiveParameters =>
        Parameters - (LayersWithExperts == 0 ? 0 : (long)LayersWithExperts * (Experts - ExpertsPerToken) * OneExpert);

    /// <summary>Layers that are mixtures of experts.</summary>
    internal int LayersWithExperts => LayersWhere(static kind => kind.HasExperts);

    /// <summary>Layers of which something holds.</summary>
    internal int LayersWhere(Func<LayerKind, bool> holds) =>
        LayerKinds.AreAlike ? holds(LayerKinds[0]) ? Layers : 0 : LayerKinds.Count(holds);

    /// <summary>Bytes of keys and values that one token leaves in the cache at the given width of an element.</summary>
    public long KeyValueBytesPerToken(int bytesPerElement) =>
        2L * LayersWhere(static kind => kind.HasAttention) * KeyValueHeads * HeadDim * bytesPerElement;

    /// <summary>
    /// Bytes that state-space mixers and linear attention keep of one text, however long it is: the state of each channel, and what the
    /// convolution still sees.
    /// </summary>
    internal long StateBytesPerText(int bytesPerElement) =>
        LayersWhere(static kind => kind.HasMamba) * ((Mamba.StateType?.Bytes() ?? bytesPerElement) * (long)Mamba.Channels * Mamba.StateSize
            + bytesPerElement * (Mamba.Kernel - 1L) * (Mamba.Channels + 2L * Mamba.StateChannels))
        + bytesPerElement * LayersWhere(static kind => kind.HasDelta) * StateShape.Of(Delta).Numbers;

    /// <summary>
    /// Floating-point operations of one token's forward pass inside a causal window of <paramref name="sequence"/> tokens: two for each
    /// weight that takes part in a matrix product (of experts those that a token goes to; the table only where it is the head), and
    /// attention's 4 · N · H in each layer for each key that a token sees, the mean over the window of the two products q·k and p·v, and
    /// five for each entry of a state-space mixer's state: it decays, x · B is added, and C reads it. Of a state of linear attention seven:
    /// the key reads it, too.
    /// </summary>
    public double ForwardFlopsPerToken(int sequence)
    {
        var products = InLayers(static spec => spec.Dimensions.Count == 2) + (long)VocabularySize * HiddenSize
            - (Parameters - ActiveParameters);
        var seen = Enumerable.Range(0, Layers).Select(layer => LayerKinds[layer]).Where(static kind => kind.HasAttention)
            .Sum(kind => TwiceKeysSeen(kind.SlidingWindow, sequence));
        var states = (double)LayersWhere(static kind => kind.HasMamba) * Mamba.Channels * Mamba.StateSize;
        var deltas = (double)LayersWhere(static kind => kind.HasDelta) * Delta.Channels * Delta.StateSize;
        return 2.0 * products + 2.0 * Axis.Heads.Dimension.Of(this) * seen + 5 * states + 7 * deltas;
    }

    // Twice the mean of min(t, window) over t = 1 ... sequence: sequence + 1 where the window is no limit.
    private static double TwiceKeysSeen(int? window, int sequence) =>
        window is { } w && w < sequence ? w * (2.0 * sequence - w + 1) / sequence : sequence + 1;

    private long InLayers(Func<ParameterSpec, bool> counts)
    {
        long Of(LayerKind kind) => Elements(spec => spec.IsPerLayer && counts(spec), kind);
        return LayerKinds.AreAlike ? Layers * Of(LayerKinds[0]) : LayerKinds.Sum(Of);
    }

    private long Elements(Func<ParameterSpec, bool> counts, LayerKind? kind = null)
    {
        var elements = 0L;
        foreach (var spec in ParameterSpec.All)
            if (counts(spec) && spec.Exists(this, kind ?? LayerKinds[0]))
                elements += spec.Elements(this) * spec.CountIn(this);
        return elements;
    }

    private long OneExpert
    {
        get
        {
            var kind = LayerKinds.First(static kind => kind.HasExperts);
            return ParameterSpec.All.Where(spec => spec.IsPerExpert && spec.Exists(this, kind)).Sum(spec => spec.Elements(this));
        }
    }

    /// <summary>Whether some layer has a recurrent state of fixed size, which cannot branch or go back.</summary>
    internal bool IsRecurrent => LayerKinds.Any(kind => kind.HasState);
}

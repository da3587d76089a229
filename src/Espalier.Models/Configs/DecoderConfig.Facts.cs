namespace Espalier.Models;

public sealed partial record DecoderConfig
{
    /// <summary>Query heads that share one key/value head.</summary>
    public int GroupSize => QueryHeads / KeyValueHeads;

    /// <summary>Weights of the embedding table, and of the head where it is a table of its own.</summary>
    public long EmbeddingParameters => Elements(spec => spec.Group is ParameterGroup.Embedding or ParameterGroup.Head);

    /// <summary>Weights of one block, by closed form.</summary>
    public long BlockParameters => Elements(spec => spec.IsPerLayer);

    /// <summary>Everything but the embedding table (and the head, where that is a table of its own).</summary>
    public long NonEmbeddingParameters =>
        Layers * BlockParameters + Elements(spec => !spec.IsPerLayer && spec.Group == ParameterGroup.Norms);

    /// <summary>All weights, by closed form; a tied table counts once. Equal to what is counted in the checkpoint.</summary>
    public long Parameters => EmbeddingParameters + NonEmbeddingParameters;

    /// <summary>Bytes of keys and values that one token leaves in the cache at the given width of an element.</summary>
    public long KeyValueBytesPerToken(int bytesPerElement) => 2L * Layers * KeyValueHeads * HeadDim * bytesPerElement;

    /// <summary>
    /// Floating-point operations of one token's forward pass inside a causal window of <paramref name="sequence"/> tokens:
    /// two for each weight that takes part in a matrix product (the table only where it is the head), and attention's
    /// 2 · L · N · H · (sequence + 1), the mean over the window of the two products q·k and p·v.
    /// </summary>
    public double ForwardFlopsPerToken(int sequence)
    {
        var products = Layers * Elements(spec => spec.IsPerLayer && spec.Dimensions.Count == 2) + (long)VocabularySize * HiddenSize;
        return 2.0 * products + 2.0 * Layers * Axis.Heads.Dimension.Of(this) * (sequence + 1);
    }

    private long Elements(Func<ParameterSpec, bool> counts)
    {
        var elements = 0L;
        foreach (var spec in ParameterSpec.All)
            if (counts(spec) && spec.Exists(this))
                elements += spec.Elements(this);
        return elements;
    }
}

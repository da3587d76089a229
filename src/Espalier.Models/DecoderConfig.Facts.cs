namespace Espalier.Models;

public sealed partial record DecoderConfig
{
    /// <summary>Query heads that share one key/value head.</summary>
    public int GroupSize => QueryHeads / KeyValueHeads;

    /// <summary>Weights of the embedding table, and of the head where it is a table of its own.</summary>
    public long EmbeddingParameters => (TiedEmbeddings ? 1L : 2L) * VocabularySize * HiddenSize;

    /// <summary>Weights of one norm of the residual stream.</summary>
    private long NormParameters => (Norm == NormKind.LayerNorm1p ? 2L : 1L) * HiddenSize;

    /// <summary>Weights of one block, by closed form.</summary>
    public long BlockParameters
    {
        get
        {
            long q = (long)QueryHeads * HeadDim, kv = (long)KeyValueHeads * HeadDim;
            long projections = Activation == ActivationKind.SwiGlu ? 3 : 2;
            var attention = (2 * q + 2 * kv) * HiddenSize
                + (QueryKeyValueBias ? q + 2 * kv : 0) + (AttentionOutputBias ? HiddenSize : 0)
                + (QueryKeyNorm ? 2L * HeadDim : 0);
            var mlp = projections * HiddenSize * IntermediateSize
                + (MlpBias ? (projections - 1) * IntermediateSize + HiddenSize : 0);
            return attention + mlp + 2 * NormParameters;
        }
    }

    /// <summary>Everything but the embedding table (and the head, where that is a table of its own).</summary>
    public long NonEmbeddingParameters => Layers * BlockParameters + NormParameters;

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
        long q = (long)QueryHeads * HeadDim, kv = (long)KeyValueHeads * HeadDim;
        long projections = Activation == ActivationKind.SwiGlu ? 3 : 2;
        var products = Layers * ((2 * q + 2 * kv) * HiddenSize + projections * HiddenSize * IntermediateSize)
            + (long)VocabularySize * HiddenSize;
        return 2.0 * products + 2.0 * Layers * q * (sequence + 1);
    }
}

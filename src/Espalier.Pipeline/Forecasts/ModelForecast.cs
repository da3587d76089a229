namespace Espalier.Pipeline.Forecasts;

/// <summary>What a model of a shape is and costs, by closed form. The JSON form has config.json's names for the shape.</summary>
internal sealed record ModelForecast
{
    /// <summary>The family: <c>model_type</c>.</summary>
    public required string Family { get; init; }

    /// <summary>Rows of the embedding table.</summary>
    public required int VocabSize { get; init; }

    /// <summary>Its sizes; the feed-forward sizes are 0 if experts replace the block.</summary>
    [SizeFields(AsInConfig = true)]
    public required PerAxis<int?> Sizes { get; init; }

    /// <summary>Experts that a token goes to; null where there are none.</summary>
    public int? NumExpertsPerTok { get; init; }

    /// <summary>
    /// Bytes that Mamba layers and those of linear attention keep of a text, however long it is, where the model is served in bfloat16:
    /// states in <see cref="StateType"/>, the last inputs of convolutions in bfloat16; null where there are none.
    /// </summary>
    public long? StateBytesBfloat16 { get; init; }

    /// <summary>What the states are kept in (<c>mamba_ssm_cache_dtype</c>); null where there are no Mamba layers.</summary>
    public string? StateType { get; init; }

    /// <summary>Weights that take part in one token's pass; null where all do.</summary>
    public long? ActiveParameters { get; init; }

    /// <summary>Entries of a head.</summary>
    public required int HeadDim { get; init; }

    /// <summary>Whether the head is the embedding table itself.</summary>
    public required bool TieWordEmbeddings { get; init; }

    /// <summary>All weights; a tied table counts once.</summary>
    public required long Parameters { get; init; }

    /// <summary>Weights of the embedding table, and of the head if it is untied.</summary>
    public required long EmbeddingParameters { get; init; }

    /// <summary>The other weights.</summary>
    public required long NonEmbeddingParameters { get; init; }

    /// <summary>Memory of the weights in float32.</summary>
    public required long WeightBytesFloat32 { get; init; }

    /// <summary>Memory of the weights in bfloat16.</summary>
    public required long WeightBytesBfloat16 { get; init; }

    /// <summary>Keys and values that a token leaves in the cache, in float32.</summary>
    public required long KvCacheBytesPerTokenFloat32 { get; init; }

    /// <summary>Keys and values that a token leaves in the cache, in bfloat16.</summary>
    public required long KvCacheBytesPerTokenBfloat16 { get; init; }

    /// <summary>Positions of the text whose cache is given: all that the model has.</summary>
    public required int KvCacheContext { get; init; }

    /// <summary>Texts at a time whose cache is given.</summary>
    public required int KvCacheBatch { get; init; }

    /// <summary>Bytes of keys and values of that many texts of that length, in bfloat16.</summary>
    public required long KvCacheBytesBfloat16 { get; init; }

    /// <summary>Floating-point operations of a token's forward pass, inside a window of the recipe's length.</summary>
    public required double ForwardFlopsPerToken { get; init; }

    public static ModelForecast Of(DecoderConfig config, int sequence)
    {
        var (hasExperts, hasMamba, hasDelta) = (config.LayersWithExperts > 0, Axis.MambaHeads.IsIn(config), Axis.DeltaHeads.IsIn(config));
        return new()
        {
            Family = config.Family,
            VocabSize = config.VocabularySize,
            Sizes = Axis.SizesOf(config),
            NumExpertsPerTok = hasExperts ? config.ExpertsPerToken : null,
            StateBytesBfloat16 = config.IsRecurrent ? config.StateBytesPerText(2) : null,
            StateType = hasMamba ? (config.Mamba.StateType ?? ElementType.BF16).ConfigName()
                : hasDelta ? ElementType.BF16.ConfigName() : null,
            ActiveParameters = hasExperts ? config.ActiveParameters : null,
            HeadDim = config.HeadDim,
            TieWordEmbeddings = config.TiedEmbeddings,
            Parameters = config.Parameters,
            EmbeddingParameters = config.EmbeddingParameters,
            NonEmbeddingParameters = config.NonEmbeddingParameters,
            WeightBytesFloat32 = 4 * config.Parameters,
            WeightBytesBfloat16 = 2 * config.Parameters,
            KvCacheBytesPerTokenFloat32 = config.KeyValueBytesPerToken(4),
            KvCacheBytesPerTokenBfloat16 = config.KeyValueBytesPerToken(2),
            KvCacheContext = config.MaxPositions,
            KvCacheBatch = 1,
            KvCacheBytesBfloat16 = config.KeyValueBytesPerToken(2) * config.MaxPositions,
            ForwardFlopsPerToken = config.ForwardFlopsPerToken(sequence),
        };
    }
}

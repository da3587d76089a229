using Espalier.Models.Serving;

namespace Espalier.Server.Loading;

/// <summary>How a model is loaded to answer.</summary>
internal sealed record ServedModelOptions
{
    // Where nothing is said: no more positions than that, and no more than half of the memory that is left.
    private const int UsualContext = 8192;

    /// <summary>What requests call it; null for the folder's name.</summary>
    public string? Name { get; init; }

    /// <summary>A file with a chat template in place of the model's own; null for that.</summary>
    public string? ChatTemplate { get; init; }

    /// <summary>What matrices are kept in; null for what changes nothing.</summary>
    public WeightFormat? Weights { get; init; }

    /// <summary>How much is taken on.</summary>
    public ServingOptions Serving { get; init; } = new();

    /// <summary>The same with what was not said: a context, and room for keys and values that the memory has.</summary>
    /// <param name="available">Bytes that are free once the weights are there; 0 where nobody knows.</param>
    /// <exception cref="EspalierException">The memory has no room for one sequence.</exception>
    public ServingOptions Fitting(DecoderConfig config, long available)
    {
        var context = Serving.Context ?? Math.Min(config.MaxPositions, UsualContext);
        var ofBlock = ServingEngine.BytesOfBlock(config);
        var ofOne = (context + ServingOptions.BlockSize - 1) / ServingOptions.BlockSize * ofBlock;
        var bytes = Serving.KeyValueBytes;
        if (bytes is null)
        {
            var most = available > 0 ? available / 2 : long.MaxValue;
            bytes = Math.Min(Serving.Batch * ofOne, most);
            if (bytes < ofOne && Serving.Context is null)
                (context, bytes) = ((int)(most / ofBlock * ServingOptions.BlockSize), most);
            if (bytes < ofOne && (Serving.Context is not null || context < ServingOptions.BlockSize))
                throw new EspalierException(
                    $"keys and values of {context} positions take {ofOne} bytes, but only {most} of the {available} free bytes may be "
                        + $"used: a shorter --context, or --kv-memory to use more");
        }
        return Serving with { Context = context, KeyValueBytes = bytes };
    }
}

namespace Espalier.Models.Gguf.Architectures;

/// <summary>
/// The tensors <c>rope_factors_short.weight</c> and <c>rope_factors_long.weight</c>: LongRoPE's lists. llama.cpp takes the long one where
/// the context that it was started with is longer than the length that was trained with.
/// </summary>
internal static class LongFactors
{
    /// <summary>Name of the factors of texts up to that length.</summary>
    public const string Short = "rope_factors_short.weight";

    /// <summary>Name of the factors of longer texts.</summary>
    public const string Long = "rope_factors_long.weight";

    /// <summary>The tensors that a model needs; none without LongRoPE.</summary>
    public static IEnumerable<(string Name, float[] Factors)> Of(DecoderConfig config) => config.Rotary.Scaling is not LongRope scaling ? []
        : [(Short, [.. scaling.Short.Select(factor => (float)factor)]), (Long, [.. scaling.Long.Select(factor => (float)factor)])];
}

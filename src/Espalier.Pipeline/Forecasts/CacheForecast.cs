using Espalier.Compression.Distillation.Caching;
using Espalier.Pipeline.Options.Training;

namespace Espalier.Pipeline.Forecasts;

/// <summary>The size of a cache before it is written.</summary>
internal readonly record struct CacheForecast(double BytesOfAToken)
{
    /// <summary>The size for a teacher of that shape.</summary>
    public static CacheForecast Of(CacheSection cache, DecoderConfig teacher, int sequence)
    {
        var layout = new CacheLayout(
            CacheKey.Of("", "", sequence, false, teacher.VocabularySize, teacher.HiddenSize, 1, cache.Encoding, cache.K, cache.Samples, 0));
        return new((double)layout.WindowBytes / sequence);
    }
}

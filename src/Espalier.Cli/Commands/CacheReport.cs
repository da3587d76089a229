using Espalier.Compression.Distillation.Caching;

namespace Espalier.Cli.Commands;

/// <summary>What <c>cache</c> prints with <c>--json</c>.</summary>
internal sealed record CacheReport
{
    /// <summary>The folder that was written.</summary>
    public required string Output { get; init; }

    /// <summary>What is kept: top-k, samples, top-k-samples or hidden.</summary>
    public required string Encoding { get; init; }

    /// <summary>Windows kept.</summary>
    public required long Windows { get; init; }

    /// <summary>Tokens kept.</summary>
    public required long Tokens { get; init; }

    /// <summary>Bytes of a token.</summary>
    public required double BytesPerToken { get; init; }

    /// <summary>Bytes of all tokens.</summary>
    public required long Bytes { get; init; }

    internal static CacheReport Of(string output, CacheKey key, long windows)
    {
        var layout = new CacheLayout(key);
        return new()
        {
            Output = output,
            Encoding = System.Text.Json.JsonNamingPolicy.KebabCaseLower.ConvertName(key.Encoding.ToString()),
            Windows = windows,
            Tokens = windows * key.Sequence,
            BytesPerToken = (double)layout.WindowBytes / key.Sequence,
            Bytes = layout.BytesFor(windows),
        };
    }
}

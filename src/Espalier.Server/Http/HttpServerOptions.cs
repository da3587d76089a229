using System.Net;

namespace Espalier.Server.Http;

/// <summary>Where a server listens, and to whom.</summary>
internal sealed record HttpServerOptions
{
    public IPAddress Address { get; init; } = IPAddress.Loopback;

    /// <summary>The port; 0 for one that is free.</summary>
    public int Port { get; init; } = 8080;

    /// <summary>What requests must know; null for nothing, which only this machine's own requests may.</summary>
    public string? ApiKey { get; init; }

    /// <summary>Most bytes of a body.</summary>
    public long LargestBody { get; init; } = 8 << 20;

    /// <summary>Receives in one line what failed here and not in a request; null where nobody asks.</summary>
    public Action<string>? Failed { get; init; }

    /// <summary>Refuses what would let anybody in.</summary>
    public HttpServerOptions Validate()
    {
        if (ApiKey is { } key && (key.Length < 8 || key.Any(static c => c is <= ' ' or > '~')))
            throw new EspalierException("the API key must have at least 8 characters, printable ASCII without spaces");
        return ApiKey is not null || IPAddress.IsLoopback(Address) ? this : throw new EspalierException(
            $"{Address} can be reached from other machines: set a key with --api-key, --api-key-file or ESPALIER_API_KEY, or listen on "
                + $"127.0.0.1");
    }
}

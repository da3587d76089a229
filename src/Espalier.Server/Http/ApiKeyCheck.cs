using System.Security.Cryptography;
using System.Text;
using Espalier.Server.Requests;
using Microsoft.AspNetCore.Http;

namespace Espalier.Server.Http;

/// <summary>
/// Who may ask. With a key, who knows it; without one, programs of this machine that mean this server: a page in a browser that was led
/// here by a name of its own (DNS rebinding) names another host.
/// </summary>
internal sealed class ApiKeyCheck(string? key)
{
    private const string Scheme = "Bearer ";

    // Compared by their hashes, which have one length: the time says nothing about the key.
    private readonly byte[]? _hash = key is null ? null : Hash(key);

    /// <summary>Refuses whoever may not.</summary>
    public void Check(HttpRequest request)
    {
        if (_hash is null)
        {
            var host = request.Host.Host.Trim('[', ']');
            if (host != "localhost" && !(System.Net.IPAddress.TryParse(host, out var address) && System.Net.IPAddress.IsLoopback(address)))
                throw new RequestException(403,
                    $"the request is for the host '{OneLine.Clipped(host)}', but without a key this server only answers for "
                    + "localhost only", code: "wrong_host");
            return;
        }
        var given = request.Headers.Authorization.ToString();
        var isBearer = given.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase);
        if (!CryptographicOperations.FixedTimeEquals(_hash, Hash(isBearer ? given[Scheme.Length..].Trim() : "")) || !isBearer)
            throw new RequestException(401, isBearer ? "the API key is wrong"
                : "an API key is required: Authorization: Bearer KEY",
                code: "invalid_api_key");
    }

    private static byte[] Hash(string text) => SHA256.HashData(Encoding.UTF8.GetBytes(text));
}

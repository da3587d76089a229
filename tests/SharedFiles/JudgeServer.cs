using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Espalier.Tests;

/// <summary>What a judge played by a test answers.</summary>
/// <param name="Status">Its status.</param>
/// <param name="Body">Its body.</param>
/// <param name="RetryAfter">Seconds it asks to be left alone; null none.</param>
/// <param name="Delay">How long it takes.</param>
internal sealed record PlayedAnswer(int Status, string Body, int? RetryAfter = null, TimeSpan Delay = default)
{
    /// <summary>An answer in OpenAI's form.</summary>
    public static PlayedAnswer Saying(string text) => new(200, $$"""
        {"id": "x", "object": "chat.completion", "choices": [{"index": 0, "finish_reason": "stop",
        "message": {"role": "assistant", "content": {{JsonSerializer.Serialize(text)}} } }], "usage": {"total_tokens": 3} }
        """);
}

/// <summary>A request that came.</summary>
/// <param name="Path">The path of its address.</param>
/// <param name="Authorization">The header.</param>
/// <param name="Body">The body.</param>
internal sealed record PlayedRequest(string Path, string? Authorization, JsonElement Body)
{
    /// <summary>What the user's message says.</summary>
    public string User => Body.GetProperty("messages").EnumerateArray().Last().GetProperty("content").GetString()!;
}

/// <summary>A judge in this process, on a port of its own.</summary>
internal sealed class JudgeServer : IDisposable
{
    private readonly HttpListener _listener = new();
    private readonly Lock _one = new();
    private readonly List<PlayedRequest> _requests = [];
    private readonly CancellationTokenSource _end = new();

    /// <summary>Starts one.</summary>
    /// <param name="answer">What it answers to a request; the number says how many came before.</param>
    public JudgeServer(Func<PlayedRequest, int, PlayedAnswer> answer)
    {
        Port = FreePort();
        _listener.Prefixes.Add($"http://127.0.0.1:{Port}/");
        _listener.Start();
        _ = Task.Run(async () =>
        {
            try
            {
                while (true)
                {
                    var context = await _listener.GetContextAsync();
                    _ = Task.Run(() => Answer(context, answer));
                }
            }
            catch (Exception error) when (error is HttpListenerException or ObjectDisposedException)
            {
            }
        });
    }

    /// <summary>Its port.</summary>
    public int Port { get; }

    /// <summary>Its address, with the version.</summary>
    public string Address => $"http://127.0.0.1:{Port}/v1";

    /// <summary>What came, in its order.</summary>
    public IReadOnlyList<PlayedRequest> Requests
    {
        get
        {
            lock (_one)
                return [.. _requests];
        }
    }

    /// <summary>A port on which nobody listens.</summary>
    public static int FreePort()
    {
        using var socket = new TcpListener(IPAddress.Loopback, 0);
        socket.Start();
        return ((IPEndPoint)socket.LocalEndpoint).Port;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _end.Cancel();
        _listener.Close();
        _end.Dispose();
    }

    private async Task Answer(HttpListenerContext context, Func<PlayedRequest, int, PlayedAnswer> answer)
    {
        try
        {
            using var body = await JsonDocument.ParseAsync(context.Request.InputStream);
            var request = new PlayedRequest(context.Request.Url!.AbsolutePath, context.Request.Headers["Authorization"],
                body.RootElement.Clone());
            int before;
            lock (_one)
            {
                before = _requests.Count;
                _requests.Add(request);
            }
            var played = answer(request, before);
            await Task.Delay(played.Delay, _end.Token);
            context.Response.StatusCode = played.Status;
            if (played.RetryAfter is { } seconds)
                context.Response.Headers["Retry-After"] = $"{seconds}";
            if (played.Status is >= 300 and < 400)
                context.Response.Headers["Location"] = "/elsewhere";
            await context.Response.OutputStream.WriteAsync(Encoding.UTF8.GetBytes(played.Body));
            context.Response.Close();
        }
        catch (Exception error) when (error is HttpListenerException or ObjectDisposedException or OperationCanceledException)
        {
        }
    }
}

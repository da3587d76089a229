using System.Text;
using Espalier.Server.Loading;
using Espalier.Server.Metrics;
using Espalier.Server.Requests;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;

namespace Espalier.Server.Http;

/// <summary>A model behind OpenAI's HTTP interface. Dispose it; the model stays the caller's.</summary>
internal sealed class HttpServer : IAsyncDisposable
{
    // How long connections may take to close once their answers are done.
    private static readonly TimeSpan s_closing = TimeSpan.FromSeconds(5);

    // What is read, and for how long, of a body that was refused for its size.
    private const long MostDrained = 64 << 20;
    private static readonly TimeSpan s_drains = TimeSpan.FromSeconds(5);

    private readonly WebApplication _app;
    private readonly ServedModel _model;
    private readonly HttpServerOptions _options;
    private readonly ApiKeyCheck _key;
    private readonly ServerMetrics _metrics = new();
    private readonly Dictionary<string, (string Method, bool IsOpen, Func<HttpContext, Task> Run)> _paths;

    private HttpServer(WebApplication app, ServedModel model, HttpServerOptions options)
    {
        (_app, _model, _options, _key) = (app, model, options, new(options.ApiKey));
        var (completions, chats) = (new CompletionEndpoint(model, _metrics), new ChatEndpoint(model, _metrics));
        var (embeddings, models) = (new EmbeddingsEndpoint(model), new ModelsEndpoint(model));
        _paths = new(StringComparer.Ordinal)
        {
            ["/v1/completions"] = (HttpMethods.Post, false, context => WithBodyAsync(context, completions.Read, completions.RunAsync)),
            ["/v1/chat/completions"] = (HttpMethods.Post, false, context => WithBodyAsync(context, chats.Read, chats.RunAsync)),
            ["/v1/embeddings"] = (HttpMethods.Post, false, context => WithBodyAsync(context, embeddings.Read, embeddings.RunAsync)),
            ["/v1/models"] = (HttpMethods.Get, false, models.AllAsync),
            [$"/v1/models/{model.Name}"] = (HttpMethods.Get, false, models.OneAsync),
            ["/health"] = (HttpMethods.Get, true, HealthAsync),
            ["/metrics"] = (HttpMethods.Get, false, MetricsAsync),
        };
    }

    /// <summary>Where it listens, such as <c>http://127.0.0.1:8080</c>.</summary>
    public Uri Address { get; private set; } = null!;

    /// <summary>Starts to listen.</summary>
    /// <exception cref="EspalierException">The address cannot be listened to, or anybody could ask.</exception>
    public static async Task<HttpServer> StartAsync(ServedModel model, HttpServerOptions options)
    {
        options.Validate();
        var builder = WebApplication.CreateEmptyBuilder(new());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = options.LargestBody;
            kestrel.Listen(options.Address, options.Port, static listen => listen.Protocols = HttpProtocols.Http1);
        });
        var app = builder.Build();
        var server = new HttpServer(app, model, options);
        app.Run(server.AnswerAsync);
        try
        {
            await app.StartAsync().ConfigureAwait(false);
        }
        catch (Exception error) when (error is IOException or System.Net.Sockets.SocketException)
        {
            await app.DisposeAsync().ConfigureAwait(false);
            throw new EspalierException(
                $"cannot listen on {options.Address}:{options.Port}: {(error.InnerException ?? error).Message}; another --port may be free",
                error);
        }
        server.Address = new(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single());
        return server;
    }

    /// <summary>Takes nothing more in; answers that are being written end, or are cut after the grace time.</summary>
    public async Task StopAsync(TimeSpan grace)
    {
        await _model.Engine.StopAsync(grace).ConfigureAwait(false);
        using var closing = new CancellationTokenSource(s_closing);
        await _app.StopAsync(closing.Token).ConfigureAwait(false);
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    /// <summary>Writes a JSON body.</summary>
    internal static async Task WriteAsync(HttpContext context, int status, ReadOnlyMemory<byte> body, string type = "application/json")
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = type;
        context.Response.ContentLength = body.Length;
        await context.Response.Body.WriteAsync(body, context.RequestAborted).ConfigureAwait(false);
    }

    private async Task AnswerAsync(HttpContext context)
    {
        var path = context.Request.Path.Value ?? "";
        var isKnown = _paths.TryGetValue(path, out var found);
        try
        {
            try
            {
                if (!found.IsOpen)
                    _key.Check(context.Request);
                if (!isKnown)
                    throw new RequestException(404, $"there is nothing at {OneLine.Clipped(path)}: {string.Join(", ", _paths.Keys)}",
                        code: "not_found");
                if (context.Request.Method != found.Method)
                {
                    context.Response.Headers.Allow = found.Method;
                    throw new RequestException(405, $"{path} takes {found.Method}", code: "method_not_allowed");
                }
                await found.Run(context).ConfigureAwait(false);
            }
            catch (RequestException error)
            {
                await FailAsync(context, error).ConfigureAwait(false);
            }
            catch (Microsoft.AspNetCore.Http.BadHttpRequestException error)
            {
                await FailAsync(context, new(error.StatusCode, error.StatusCode == 413
                    ? $"the body is larger than {_options.LargestBody} bytes" : OneLine.Of(error.Message),
                    code: error.StatusCode == 413 ? "body_too_large" : "bad_request"))
                    .ConfigureAwait(false);
                if (error.StatusCode == 413)
                    await DrainAsync(context).ConfigureAwait(false);
            }
            catch (Exception error) when (error is not OperationCanceledException && !context.RequestAborted.IsCancellationRequested)
            {
                _options.Failed?.Invoke(OneLine.Of($"{path}: {error}"));
                await FailAsync(context, new(500, "the server failed; its console output says why")).ConfigureAwait(false);
            }
        }
        catch (Exception) when (context.RequestAborted.IsCancellationRequested)
        {
            // Whoever asked has left, and there is nobody to tell.
            context.Response.StatusCode = context.Response.HasStarted ? context.Response.StatusCode
                : StatusCodes.Status499ClientClosedRequest;
        }
        finally
        {
            _metrics.Count(isKnown ? path : "other", context.Response.StatusCode);
        }
    }

    /// <summary>
    /// Reads what is left of a body that is too large, up to a limit: a connection that is closed with bytes unread is reset, and the
    /// client may see that and not the answer.
    /// </summary>
    private static async Task DrainAsync(HttpContext context)
    {
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is not { IsReadOnly: false } limit)
            return;
        limit.MaxRequestBodySize = MostDrained;
        using var ends = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
        ends.CancelAfter(s_drains);
        try
        {
            await context.Response.CompleteAsync().ConfigureAwait(false);
            await context.Request.Body.CopyToAsync(Stream.Null, ends.Token).ConfigureAwait(false);
        }
        catch (Exception error) when (error is IOException or OperationCanceledException)
        {
            // Larger than that, slower, or gone: the connection is closed then.
        }
    }

    // A stream that has begun ends with the error as its last event.
    private static Task FailAsync(HttpContext context, RequestException error)
    {
        if (context.Response.HasStarted)
            return new EventStream(context.Response).WriteAsync(ErrorJson.Of(error), context.RequestAborted);
        if (error.Status is 429 or 503)
            context.Response.Headers.RetryAfter = "1";
        if (error.Status == 401)
            context.Response.Headers.WWWAuthenticate = "Bearer";
        return WriteAsync(context, error.Status, ErrorJson.Of(error));
    }

    // What is read of a body keeps nothing of it: its bytes are free while the answer is written.
    private static async Task WithBodyAsync<T>(HttpContext context, Func<JsonElement, T> read, Func<HttpContext, T, Task> run) =>
        await run(context, await ReadAsync(context, read).ConfigureAwait(false)).ConfigureAwait(false);

    private static async Task<T> ReadAsync<T>(HttpContext context, Func<JsonElement, T> read)
    {
        // A page in a browser can send other types anywhere without asking first.
        if (!context.Request.HasJsonContentType())
            throw new RequestException(415, "the body must be JSON: Content-Type: application/json", code: "unsupported_media_type");
        using var bytes = new MemoryStream();
        await context.Request.Body.CopyToAsync(bytes, context.RequestAborted).ConfigureAwait(false);
        using var document = JsonBody.Parse(bytes.GetBuffer().AsMemory(0, (int)bytes.Length));
        return read(document.RootElement);
    }

    private Task HealthAsync(HttpContext context)
    {
        var counts = _model.Engine.Counts;
        var isStopping = _model.Engine.IsStopping;
        return WriteAsync(context, isStopping ? 503 : 200, AnswerJson.Object(json =>
        {
            json.WriteString("status", isStopping ? "stopping" : "ok");
            json.WriteNumber("running", counts.Running);
            json.WriteNumber("waiting", counts.Waiting);
        }));
    }

    private Task MetricsAsync(HttpContext context) =>
        WriteAsync(context, 200, Encoding.UTF8.GetBytes(_metrics.Page(_model.Engine.Counts)), "text/plain; version=0.0.4; charset=utf-8");
}

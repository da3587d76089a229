using Espalier.Server.Answers;
using Espalier.Server.Requests;
using Microsoft.AspNetCore.Http;

namespace Espalier.Server.Http;

/// <summary>Server-sent events, one a piece of an answer, the last of them <c>[DONE]</c>.</summary>
internal sealed class EventStream(HttpResponse response)
{
    /// <summary>Begins the answer; its status can change no more.</summary>
    public Task BeginAsync(CancellationToken cancellation)
    {
        response.StatusCode = StatusCodes.Status200OK;
        response.ContentType = "text/event-stream; charset=utf-8";
        response.Headers.CacheControl = "no-cache";
        // Proxies hold back what they buffer.
        response.Headers["X-Accel-Buffering"] = "no";
        return response.StartAsync(cancellation);
    }

    /// <summary>Writes one event, which leaves at once.</summary>
    public async Task WriteAsync(ReadOnlyMemory<byte> data, CancellationToken cancellation)
    {
        var body = response.BodyWriter;
        Put("data: "u8);
        Put(data.Span);
        Put("\n\n"u8);
        await body.FlushAsync(cancellation).ConfigureAwait(false);

        void Put(ReadOnlySpan<byte> bytes)
        {
            bytes.CopyTo(body.GetSpan(bytes.Length));
            body.Advance(bytes.Length);
        }
    }

    /// <summary>Writes the last events: what the request used, where that is asked for, and the end.</summary>
    public async Task EndAsync(Action<Utf8JsonWriter> head, AnswerOptions options, AnswerSet answers, CancellationToken cancellation)
    {
        if (options.StreamsUsage)
            await WriteAsync(AnswerJson.Whole(head, 0, static (_, _) => { }, answers), cancellation).ConfigureAwait(false);
        await WriteAsync("[DONE]"u8.ToArray(), cancellation).ConfigureAwait(false);
    }
}

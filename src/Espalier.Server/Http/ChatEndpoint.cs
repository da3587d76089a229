using Espalier.Server.Answers;
using Espalier.Server.Loading;
using Espalier.Server.Metrics;
using Espalier.Server.Requests;
using Microsoft.AspNetCore.Http;

namespace Espalier.Server.Http;

/// <summary><c>POST /v1/chat/completions</c>: the answer to a conversation.</summary>
internal sealed class ChatEndpoint(ServedModel model, ServerMetrics metrics)
{
    private readonly AnswerJson _json = new(model);

    public ChatRequest Read(JsonElement body) => ChatRequest.Read(body, model.Name, model.Defaults);

    public async Task RunAsync(HttpContext context, ChatRequest request)
    {
        using var answers = await ServedGrammars.MakingAsync(request.Options.Schema is not null || request.Choice is not null,
            () => ChatAnswers.Begin(model, request, metrics, context.RequestAborted), context.RequestAborted).ConfigureAwait(false);
        // The conversation is ids now; how it is answered is all that is needed on.
        request = request with { Messages = [], Tools = null, Variables = null };
        var (id, created) = ($"chatcmpl-{Guid.NewGuid():N}", DateTimeOffset.UtcNow);
        if (request.Options.Streams)
            await StreamAsync(context, request, answers, json => _json.Head(json, id, "chat.completion.chunk", created)).ConfigureAwait(false);
        else
            await WholeAsync(context, request, answers, json => _json.Head(json, id, "chat.completion", created)).ConfigureAwait(false);
    }

    private async Task WholeAsync(HttpContext context, ChatRequest request, AnswerSet answers, Action<Utf8JsonWriter> head)
    {
        var all = await AnswerCollector.AllAsync(answers).ConfigureAwait(false);
        await HttpServer.WriteAsync(context, 200, AnswerJson.Whole(head, all.Length, Choice, answers)).ConfigureAwait(false);

        void Choice(Utf8JsonWriter json, int i)
        {
            json.WriteStartObject("message");
            json.WriteString("role", "assistant");
            json.WriteString("content", all[i].Calls.Count > 0 && string.IsNullOrWhiteSpace(all[i].Text) ? null : all[i].Text);
            json.WriteNull("refusal");
            if (all[i].Thoughts.Length > 0)
                json.WriteString("reasoning_content", all[i].Thoughts);
            if (all[i].Calls.Count > 0)
                AnswerJson.Calls(json, all[i].Calls, null);
            json.WriteEndObject();
            if (request.Likeliest is null)
                json.WriteNull("logprobs");
            else
                _json.ChatProbabilities(json, all[i].Tokens);
            AnswerJson.Finish(json, all[i].Finish);
        }
    }

    private async Task StreamAsync(HttpContext context, ChatRequest request, AnswerSet answers, Action<Utf8JsonWriter> head)
    {
        var events = new EventStream(context.Response);
        await events.BeginAsync(context.RequestAborted).ConfigureAwait(false);
        var calls = new int[answers.Count];
        for (var i = 0; i < answers.Count; i++)
            await Piece(new(i, "", []), begins: true).ConfigureAwait(false);
        await foreach (var part in answers.Parts().ConfigureAwait(false))
        {
            // What ended an answer comes after all that belongs to it.
            if (part.Finish is not null && (part.Text.Length > 0 || part.Calls.Count > 0))
                await Piece(part with { Finish = null }).ConfigureAwait(false);
            await Piece(part.Finish is null ? part : part with { Text = "", Calls = [] }).ConfigureAwait(false);
        }
        await events.EndAsync(head, request.Options, answers, context.RequestAborted).ConfigureAwait(false);

        Task Piece(AnswerPart part, bool begins = false) => events.WriteAsync(AnswerJson.Piece(head, part.Index, (json, index) =>
        {
            json.WriteStartObject("delta");
            if (begins)
                json.WriteString("role", "assistant");
            if (begins || part.Text.Length > 0)
                json.WriteString("content", part.Text);
            if (part.Thoughts.Length > 0)
                json.WriteString("reasoning_content", part.Thoughts);
            if (part.Calls.Count > 0)
            {
                AnswerJson.Calls(json, part.Calls, calls[index]);
                calls[index] += part.Calls.Count;
            }
            json.WriteEndObject();
            if (part.Token is { } token)
                _json.ChatProbabilities(json, [token]);
            else
                json.WriteNull("logprobs");
            AnswerJson.Finish(json, part.Finish);
        }, request.Options.StreamsUsage), context.RequestAborted);
    }
}

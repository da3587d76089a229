using System.Text.Json;
using Espalier.Server.Answers;
using Espalier.Server.Loading;
using Espalier.Server.Metrics;
using Espalier.Server.Requests;
using Microsoft.AspNetCore.Http;

namespace Espalier.Server.Http;

/// <summary><c>POST /v1/completions</c>: what follows a text.</summary>
internal sealed class CompletionEndpoint(ServedModel model, ServerMetrics metrics)
{
    private readonly AnswerJson _json = new(model);

    /// <summary>Answers a body.</summary>
    public async Task RunAsync(HttpContext context, JsonElement body)
    {
        var request = CompletionRequest.Read(body, model.Name, model.Defaults);
        var prompts = request.Prompts.Select(prompt => model.Encode(prompt, "prompt")).ToArray();
        using var answers = await ServedGrammars.MakingAsync(request.Options.Schema is not null, () => AnswerSet.Begin(
            model, prompts, request.Options, request.Likeliest, goesOn: true, null, null, metrics, context.RequestAborted),
            context.RequestAborted).ConfigureAwait(false);
        var (id, created) = ($"cmpl-{Guid.NewGuid():N}", DateTimeOffset.UtcNow);
        if (request.Options.Streams)
            await StreamAsync(context, request, prompts, answers, id, created).ConfigureAwait(false);
        else
            await WholeAsync(context, request, prompts, answers, id, created).ConfigureAwait(false);
    }

    private async Task WholeAsync(HttpContext context, CompletionRequest request, int[][] prompts, AnswerSet answers, string id,
        DateTimeOffset created)
    {
        var all = await AnswerCollector.AllAsync(answers).ConfigureAwait(false);
        await HttpServer.WriteAsync(context, 200, AnswerJson.Object(json =>
        {
            _json.Head(json, id, "text_completion", created);
            json.WriteStartArray("choices");
            for (var i = 0; i < all.Length; i++)
            {
                var (before, offset) = (Before(request, prompts, i), 0);
                json.WriteStartObject();
                json.WriteNumber("index", i);
                json.WriteString("text", before + all[i].Text);
                if (request.Likeliest is null)
                    json.WriteNull("logprobs");
                else
                    _json.TextProbabilities(json, all[i].Tokens, ref offset);
                AnswerJson.Finish(json, all[i].Finish);
                json.WriteEndObject();
            }
            json.WriteEndArray();
            AnswerJson.Usage(json, answers);
        })).ConfigureAwait(false);
    }

    private async Task StreamAsync(HttpContext context, CompletionRequest request, int[][] prompts, AnswerSet answers, string id,
        DateTimeOffset created)
    {
        var events = new EventStream(context.Response);
        await events.BeginAsync(context.RequestAborted).ConfigureAwait(false);
        var offsets = new int[answers.Count];
        if (request.Echoes)
            for (var i = 0; i < answers.Count; i++)
                await Piece(new(i, Before(request, prompts, i), [])).ConfigureAwait(false);
        await foreach (var part in answers.Parts().ConfigureAwait(false))
            await Piece(part).ConfigureAwait(false);
        if (request.Options.StreamsUsage)
            await events.WriteAsync(AnswerJson.Object(json =>
            {
                _json.Head(json, id, "text_completion", created);
                json.WriteStartArray("choices");
                json.WriteEndArray();
                AnswerJson.Usage(json, answers);
            }), context.RequestAborted).ConfigureAwait(false);
        await events.EndAsync(context.RequestAborted).ConfigureAwait(false);

        Task Piece(AnswerPart part) => events.WriteAsync(AnswerJson.Object(json =>
        {
            _json.Head(json, id, "text_completion", created);
            json.WriteStartArray("choices");
            json.WriteStartObject();
            json.WriteNumber("index", part.Index);
            json.WriteString("text", part.Text);
            if (part.Token is { } token)
                _json.TextProbabilities(json, [token], ref offsets[part.Index]);
            else
                json.WriteNull("logprobs");
            AnswerJson.Finish(json, part.Finish);
            json.WriteEndObject();
            json.WriteEndArray();
            if (request.Options.StreamsUsage)
                json.WriteNull("usage");
        }), context.RequestAborted);
    }

    private string Before(CompletionRequest request, int[][] prompts, int answer)
    {
        var prompt = answer / request.Options.Count;
        return !request.Echoes ? "" : request.Prompts[prompt].Text ?? model.Tokenizer.Decode(prompts[prompt]);
    }
}

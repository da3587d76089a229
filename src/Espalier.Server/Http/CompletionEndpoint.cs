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

    public CompletionRequest Read(JsonElement body) => CompletionRequest.Read(body, model.Name, model.Defaults);

    public async Task RunAsync(HttpContext context, CompletionRequest request)
    {
        var prompts = request.Prompts.Select(prompt => model.Encode(prompt, "prompt")).ToArray();
        using var answers = await ServedGrammars.MakingAsync(request.Options.Schema is not null, () => AnswerSet.Begin(
            model, prompts, request.Options, request.Likeliest, goesOn: true, null, null, metrics, context.RequestAborted),
            context.RequestAborted).ConfigureAwait(false);
        var (id, created) = ($"cmpl-{Guid.NewGuid():N}", DateTimeOffset.UtcNow);
        if (request.Options.Streams)
            await StreamAsync(context, request, prompts, answers, Head).ConfigureAwait(false);
        else
            await WholeAsync(context, request, prompts, answers, Head).ConfigureAwait(false);

        void Head(Utf8JsonWriter json) => _json.Head(json, id, "text_completion", created);
    }

    private async Task WholeAsync(HttpContext context, CompletionRequest request, int[][] prompts, AnswerSet answers,
        Action<Utf8JsonWriter> head)
    {
        var all = await AnswerCollector.AllAsync(answers).ConfigureAwait(false);
        await HttpServer.WriteAsync(context, 200, AnswerJson.Whole(head, all.Length, Choice, answers)).ConfigureAwait(false);

        void Choice(Utf8JsonWriter json, int i)
        {
            var offset = 0;
            json.WriteString("text", Before(request, prompts, i) + all[i].Text);
            if (request.Likeliest is null)
                json.WriteNull("logprobs");
            else
                _json.TextProbabilities(json, all[i].Tokens, ref offset);
            AnswerJson.Finish(json, all[i].Finish);
        }
    }

    private async Task StreamAsync(HttpContext context, CompletionRequest request, int[][] prompts, AnswerSet answers,
        Action<Utf8JsonWriter> head)
    {
        var events = new EventStream(context.Response);
        await events.BeginAsync(context.RequestAborted).ConfigureAwait(false);
        var offsets = new int[answers.Count];
        if (request.Echoes)
            for (var i = 0; i < answers.Count; i++)
                await Piece(new(i, Before(request, prompts, i), [])).ConfigureAwait(false);
        await foreach (var part in answers.Parts().ConfigureAwait(false))
            await Piece(part).ConfigureAwait(false);
        await events.EndAsync(head, request.Options, answers, context.RequestAborted).ConfigureAwait(false);

        Task Piece(AnswerPart part) => events.WriteAsync(AnswerJson.Piece(head, part.Index, (json, index) =>
        {
            json.WriteString("text", part.Text);
            if (part.Token is { } token)
                _json.TextProbabilities(json, [token], ref offsets[index]);
            else
                json.WriteNull("logprobs");
            AnswerJson.Finish(json, part.Finish);
        }, request.Options.StreamsUsage), context.RequestAborted);
    }

    private string Before(CompletionRequest request, int[][] prompts, int answer)
    {
        var prompt = answer / request.Options.Count;
        return !request.Echoes ? "" : request.Prompts[prompt].Text ?? model.Tokenizer.Decode(prompts[prompt]);
    }
}

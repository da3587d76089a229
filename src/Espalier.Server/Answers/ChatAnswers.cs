using Espalier.Models.Grammars;
using Espalier.Models.Tokenizers;
using Espalier.Server.Loading;
using Espalier.Server.Metrics;
using Espalier.Server.Requests;
using Espalier.Server.Tools;

namespace Espalier.Server.Answers;

/// <summary>Answers to a conversation, through the model's template.</summary>
internal static class ChatAnswers
{
    /// <summary>Renders the conversation and submits its answers.</summary>
    /// <exception cref="RequestException">The model has no template, or none with tools, or it refuses the conversation.</exception>
    public static AnswerSet Begin(ServedModel model, ChatRequest request, ServerMetrics metrics, CancellationToken cancellation)
    {
        if (model.Template is not { } template)
            throw RequestException.Bad(
                "this model has no chat template: use /v1/completions, or start the server with --chat-template FILE",
                code: "no_chat_template");
        var source = template.Source(hasTools: request.Tools is not null);
        // Harmony's answers are hidden thoughts and the answer in channels, which are not told apart here.
        if (source.Contains("<|channel|>", StringComparison.Ordinal) && source.Contains("<|message|>", StringComparison.Ordinal))
            throw RequestException.Bad("this model answers in channels (Harmony), which are not supported here: use /v1/completions",
                code: "unsupported");
        if (ChatRequest.NamedVariables.FirstOrDefault(name => request.Variables?.ContainsKey(name) == true
            && !source.Contains(name, StringComparison.Ordinal)) is { } unknown)
            throw RequestException.Bad($"this model's chat template does not support {unknown}: leave it out", unknown, "unsupported");
        Func<ToolCallText>? calls = null;
        TokenGrammar? grammar = null;
        if (request.Tools is not null)
        {
            // Whoever asks, over HTTP or in this process: one of the two would be left out without a word.
            if (request.Options.Schema is not null)
                throw RequestException.Bad("response_format with JSON cannot be combined with tools here: leave one out", "response_format",
                    "unsupported");
            if (ToolForms.IsMarkedUp(source))
                throw RequestException.Bad("this model writes calls as <function=name>, which is not supported here: leave tools "
                    + "out", "tools",
                    "unsupported");
            var form = model.FormWithTools ?? throw RequestException.Bad(
                "this model's chat template has no tools: leave them out, or use a model trained to call them", "tools",
                "unsupported");
            calls = () => new(form, request.ToolNames, isAllCalls: request.Choice is not null);
            if (request.Choice is { } choice)
                grammar = model.Grammars.OfCalls(form, request.Tools, choice);
        }
        var prompt = RequestException.Guard("messages", () =>
        {
            var ids = template.Encode(model.Tokenizer, request.Messages,
                new() { AddGenerationPrompt = true, Tools = request.Tools, Variables = request.Variables });
            model.Tokenizer.RequireRows(ids, model.Engine.Config.VocabularySize, "messages");
            return ids;
        });
        return AnswerSet.Begin(model, [prompt], request.Options, request.Likeliest, goesOn: false, calls, grammar, metrics, cancellation);
    }
}

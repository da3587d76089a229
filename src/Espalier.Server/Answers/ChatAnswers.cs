using Espalier.Models.Chat;
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
        if (model.IsInChannels && model.Tokenizer.TokenId(ChannelText.Message) is null)
            throw RequestException.Bad($"this model's chat template writes {ChannelText.Message}, and its tokenizer has no such token",
                code: "unsupported");
        if (ChatRequest.NamedVariables.FirstOrDefault(name => request.Variables?.ContainsKey(name) == true
            && !source.Contains(name, StringComparison.Ordinal)) is { } unknown)
            throw RequestException.Bad($"this model's chat template does not support {unknown}: leave it out", unknown, "unsupported");
        Func<IAnswerForm>? parts = model.IsInChannels ? static () => new ChannelText(null) : null;
        var grammar = model.IsInChannels && request.Options.Schema is { } schema
            ? model.Grammars.OfSchema(schema, isInChannels: true) : null;
        if (request.Tools is not null)
        {
            // Whoever asks, over HTTP or in this process: one of the two would be left out without a word.
            if (request.Options.Schema is not null)
                throw RequestException.Bad("response_format with JSON cannot be combined with tools here: leave one out", "response_format",
                    "unsupported");
            var form = model.FormWithTools ?? throw RequestException.Bad(
                "this model's chat template has no tools, or calls in a form that is not read here: leave them out, or take a model that "
                    + "was trained to call them", "tools", "unsupported");
            var (known, isAllCalls) = (new KnownTools(request.Tools), request.Choice is not null);
            parts = form == ToolForm.Channels ? () => new ChannelText(known) : () => new ToolCallText(form, known, isAllCalls);
            if (request.Choice is { } choice)
                grammar = model.Grammars.OfCalls(form, request.Tools, choice);
        }
        var prompt = RequestException.Guard("messages", () =>
        {
            var ids = template.Encode(model.Tokenizer, model.IsInChannels ? request.Messages.Select(WithThoughts) : request.Messages,
                new() { AddGenerationPrompt = true, Tools = request.Tools, Variables = request.Variables });
            model.Tokenizer.RequireRows(ids, model.Engine.Config.VocabularySize, "messages");
            return ids;
        });
        return AnswerSet.Begin(model, [prompt], request.Options, request.Likeliest, goesOn: false, parts, grammar, metrics, cancellation);
    }

    // What this server calls reasoning_content, templates of channels call thinking. They refuse it beside a call's content.
    private static ChatMessage WithThoughts(ChatMessage message)
    {
        if (message.Fields["reasoning_content"] is not JsonValue thoughts || message.Fields.ContainsKey("thinking")
            || message.Fields.ContainsKey("tool_calls") && message.Fields["content"]?.ToString() is { Length: > 0 })
            return message;
        var fields = message.Fields.DeepClone().AsObject();
        fields["thinking"] = thoughts.DeepClone();
        return new(fields);
    }
}

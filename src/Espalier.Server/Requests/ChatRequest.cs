using Espalier.Models.Chat;
using Espalier.Models.Generation.Sampling;

namespace Espalier.Server.Requests;

/// <summary>A body of <c>/v1/chat/completions</c>.</summary>
/// <param name="Messages">The conversation, as templates read it.</param>
/// <param name="Likeliest">How many of the likeliest ids are given with each; null for no probabilities.</param>
/// <param name="Tools">What the model may call; null for nothing.</param>
/// <param name="Choice">Which of them it must call; null where it may as well answer with a text.</param>
/// <param name="Variables">Further variables of the template; null for none.</param>
internal sealed record ChatRequest(
    IReadOnlyList<ChatMessage> Messages, AnswerOptions Options, int? Likeliest, JsonArray? Tools, ToolChoice? Choice, JsonObject? Variables)
{
    /// <summary>Fields that are variables of templates which name them.</summary>
    public static IReadOnlyList<string> NamedVariables { get; } = ["reasoning_effort", "verbosity"];

    private static readonly string[] s_names =
    [
        .. AnswerOptions.Names, "messages", "max_completion_tokens", "top_logprobs", "tools", "tool_choice", "parallel_tool_calls",
        "chat_template_kwargs", "modalities", .. NamedVariables,
    ];

    /// <summary>Reads a body.</summary>
    /// <param name="model">The name of the model that is served.</param>
    /// <param name="defaults">How ids are chosen where nothing is said.</param>
    public static ChatRequest Read(JsonElement body, string model, SamplingOptions defaults)
    {
        var fields = new RequestFields(body);
        fields.Know(s_names);
        var options = AnswerOptions.Read(fields, model, defaults);
        if (fields.Whole("max_completion_tokens", 0, int.MaxValue) is { } most)
            options = options with { MaxTokens = (int)most };
        var top = (int?)fields.Whole("top_logprobs", 0, 20);
        var asks = fields.Flag("logprobs");
        if (top is not null && !asks)
            throw RequestException.Bad("top_logprobs is given but logprobs is not true", "top_logprobs");
        if (fields.List("modalities", 8)?.Any(static one => one.ValueKind != JsonValueKind.String || one.GetString() != "text") == true)
            throw RequestException.Bad("modalities has more than text: this model writes only text", "modalities", "unsupported");
        var messages = ChatMessages.Read(fields);
        var (tools, choice) = ToolFields.Read(fields);
        return new(messages, options, asks ? top ?? 0 : null, tools, choice, ReadVariables(fields));
    }

    private static JsonObject? ReadVariables(RequestFields fields)
    {
        var variables = ReadGiven(fields);
        // What templates call these fields too; ChatAnswers refuses them where the model's does not.
        foreach (var name in NamedVariables)
            if (fields.Text(name) is { } value && !(variables ??= []).TryAdd(name, value))
                throw fields.Refused(name, "is also in chat_template_kwargs: leave one out");
        return variables;
    }

    private static JsonObject? ReadGiven(RequestFields fields)
    {
        if (fields.Object("chat_template_kwargs") is not { } given)
            return null;
        var variables = JsonObject.Create(fields.Of("chat_template_kwargs")!.Value.Clone())!;
        // The conversation that was checked is the one that is answered.
        if (variables.FirstOrDefault(static one => ChatTemplate.IsReserved(one.Key)).Key is { } name)
            throw given.Refused(name, "is not a variable that a request may set: it comes from the messages, the tools or the model");
        return variables;
    }
}

using Espalier.Models.Generation.Sampling;
using Espalier.Server.Requests;
using Microsoft.Extensions.AI;
using Message = Espalier.Models.Chat.ChatMessage;

namespace Espalier.Server.Clients;

/// <summary>Conversations of Microsoft.Extensions.AI as a request of our own.</summary>
internal static class ClientMessages
{
    /// <summary>The request.</summary>
    /// <param name="defaults">How ids are chosen where nothing is said.</param>
    /// <exception cref="EspalierException">Something that this model cannot do.</exception>
    public static ChatRequest Request(IEnumerable<ChatMessage> messages, ChatOptions options, SamplingOptions defaults)
    {
        var all = new List<Message>();
        if (!string.IsNullOrEmpty(options.Instructions))
            all.Add(Message.System(options.Instructions));
        foreach (var message in messages)
            all.AddRange(Of(message));
        var sampling = defaults with
        {
            Temperature = options.Temperature ?? defaults.Temperature,
            TopP = options.TopP ?? defaults.TopP,
            TopK = options.TopK ?? defaults.TopK,
            PresencePenalty = options.PresencePenalty ?? 0,
            FrequencyPenalty = options.FrequencyPenalty ?? 0,
            Seed = options.Seed is { } seed ? (int)(seed ^ (seed >> 32)) : Random.Shared.Next(),
        };
        return new(all, new()
        {
            Sampling = sampling,
            MaxTokens = options.MaxOutputTokens,
            Stops = [.. options.StopSequences ?? []],
            Schema = options.ResponseFormat is ChatResponseFormatJson json ? json.Schema?.GetRawText() ?? AnswerOptions.AnyObject : null,
        }, null, options.ToolMode is NoneChatToolMode ? null : Tools(options.Tools), Choice(options), null);
    }

    private static ToolChoice? Choice(ChatOptions options)
    {
        if (options.ToolMode is not RequiredChatToolMode required)
            return null;
        if (required.RequiredFunctionName is { } name ? options.Tools?.Any(tool => tool.Name == name) != true
            : options.Tools is not { Count: > 0 })
            throw new EspalierException($"the tool {required.RequiredFunctionName ?? "that is required"} is not among the tools");
        return new(required.RequiredFunctionName, IsOne: required.RequiredFunctionName is not null
            || options.AllowMultipleToolCalls == false);
    }

    // A message of several results of tools is as many messages, and what stands beside them is one of its own: after them, for results
    // follow what called them, unless the message has the calls itself.
    private static IEnumerable<Message> Of(ChatMessage message)
    {
        var hasResults = message.Contents.Any(static content => content is FunctionResultContent);
        if (!hasResults)
        {
            yield return Plain(message, message.Contents);
            yield break;
        }
        var contents = message.Contents.Any(static content => content is FunctionCallContent) ? message.Contents
            : [.. message.Contents.OrderBy(static content => content is not FunctionResultContent)];
        var beside = new List<AIContent>();
        foreach (var content in contents)
        {
            if (content is not FunctionResultContent result)
            {
                if (content is FunctionCallContent or DataContent or UriContent or TextContent { Text.Length: > 0 })
                    beside.Add(content);
                continue;
            }
            if (beside.Count > 0)
                yield return Plain(message, beside);
            beside.Clear();
            yield return new(new JsonObject { ["role"] = "tool", ["content"] = Text(result.Result), ["tool_call_id"] = result.CallId });
        }
        if (beside.Count > 0)
            yield return Plain(message, beside);
    }

    private static Message Plain(ChatMessage message, IList<AIContent> contents)
    {
        if (contents.FirstOrDefault(static content => content is DataContent or UriContent) is { } other)
            throw new EspalierException($"a message has a {other.GetType().Name}, but this model reads text only");
        if (message.Role == ChatRole.Tool && message.Contents.Any(static content => content is FunctionResultContent))
            throw new EspalierException("a message of the role tool has more than results: send the rest as a separate message");
        var fields = new JsonObject
        {
            ["role"] = message.Role.Value,
            ["content"] = string.Concat(contents.OfType<TextContent>().Select(static text => text.Text)),
        };
        if (string.Concat(contents.OfType<TextReasoningContent>().Select(static thoughts => thoughts.Text)) is { Length: > 0 } thoughts)
            fields["reasoning_content"] = thoughts;
        var calls = new JsonArray();
        foreach (var call in contents.OfType<FunctionCallContent>())
            calls.Add((JsonNode)new JsonObject
            {
                ["id"] = call.CallId,
                ["type"] = "function",
                ["function"] = new JsonObject { ["name"] = call.Name, ["arguments"] = Arguments(call) },
            });
        if (calls.Count > 0)
            fields["tool_calls"] = calls;
        return new(fields);
    }

    private static JsonArray? Tools(IList<AITool>? tools)
    {
        if (tools is not { Count: > 0 })
            return null;
        var all = new JsonArray();
        foreach (var tool in tools)
        {
            if (tool is not AIFunctionDeclaration function)
                throw new EspalierException($"the tool {tool.Name} is not a function, but this model calls only functions");
            all.Add((JsonNode)new JsonObject
            {
                ["type"] = "function",
                ["function"] = new JsonObject
                {
                    ["name"] = function.Name,
                    ["description"] = function.Description,
                    ["parameters"] = JsonNode.Parse(function.JsonSchema.GetRawText()),
                },
            });
        }
        return all;
    }

    private static JsonObject Arguments(FunctionCallContent call)
    {
        var all = new JsonObject();
        foreach (var (name, value) in call.Arguments ?? new Dictionary<string, object?>())
            all[name] = Node(value);
        return all;
    }

    private static string Text(object? result) => result as string ?? Node(result)?.ToJsonString() ?? "null";

    private static JsonNode? Node(object? value) => value switch
    {
        null => null,
        JsonElement element => JsonNode.Parse(element.GetRawText()),
        JsonNode node => node.DeepClone(),
        _ => JsonSerializer.SerializeToNode(value, AIJsonUtilities.DefaultOptions.GetTypeInfo(value.GetType())),
    };
}

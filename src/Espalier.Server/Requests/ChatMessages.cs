using Espalier.Models.Chat;

namespace Espalier.Server.Requests;

/// <summary>The messages of a body, in the form that chat templates read: contents are texts, arguments of calls are objects.</summary>
internal static class ChatMessages
{
    private const int MostMessages = 4096, MostCalls = 128;

    private static readonly string[] s_roles = ["system", "developer", "user", "assistant", "tool"];

    public static IReadOnlyList<ChatMessage> Read(RequestFields body)
    {
        var list = body.List("messages", MostMessages)
            ?? throw RequestException.Bad("messages is missing; it must be a list of objects with role and content", "messages", "missing");
        if (list.Count == 0)
            throw RequestException.Bad("messages is an empty list", "messages");
        ChatMessage[] messages = [.. list.Select(static (message, i) => ReadOne(new RequestFields(message, $"messages[{i}]")))];
        RequireCalls(messages);
        return messages;
    }

    // A tool's result answers a call of the assistant's message before it, as OpenAI has it too.
    private static void RequireCalls(ChatMessage[] messages)
    {
        HashSet<string>? ids = null;
        foreach (var (i, message) in messages.Index())
        {
            if (message.Role != "tool")
            {
                ids = message.Fields["tool_calls"]?.AsArray().Select(static call => (string)call!["id"]!).ToHashSet(StringComparer.Ordinal);
                continue;
            }
            if (ids is null)
                throw RequestException.Bad($"messages[{i}].role is 'tool', but no assistant message with tool_calls comes before it",
                    $"messages[{i}].role");
            // Who gives the calls no ids has none to give here.
            var id = (string?)message.Fields["tool_call_id"];
            if (id is null ? ids.Count > 1 && !ids.Contains("") : !ids.Contains("") && !ids.Contains(id))
                throw RequestException.Bad(id is null
                    ? $"messages[{i}].tool_call_id is missing, but the message before it has {ids.Count} calls"
                    : $"messages[{i}].tool_call_id is '{OneLine.Clipped(id)}', but no call before it has that id",
                    $"messages[{i}].tool_call_id", id is null ? "missing" : null);
        }
    }

    private static ChatMessage ReadOne(RequestFields message)
    {
        var role = message.Text("role")
            ?? throw message.Refused("role", $"is missing: {string.Join(", ", s_roles)}", "missing");
        if (!s_roles.Contains(role))
            throw message.Refused("role", $"is '{OneLine.Clipped(role)}': {string.Join(", ", s_roles)}");
        var calls = Calls(message);
        if (!message.Has("content") && !(role == "assistant" && calls is not null))
            throw message.Missing("content");
        // OpenAI's newer name of the system; templates know the older one.
        var fields = new JsonObject { ["role"] = role == "developer" ? "system" : role, ["content"] = Content(message) };
        foreach (var name in (string[])["name", "tool_call_id", "reasoning_content"])
            if (message.Text(name) is { } text)
                fields[name] = text;
        if (calls is not null)
            fields["tool_calls"] = calls;
        return new(fields);
    }

    private static string Content(RequestFields message)
    {
        if (message.Of("content") is not { ValueKind: JsonValueKind.Array })
            return message.Text("content") ?? "";
        return string.Concat(message.List("content", MostMessages)!.Select((part, i) =>
        {
            var fields = new RequestFields(part, $"{message.PlaceOf("content")}[{i}]");
            return fields.Text("type") switch
            {
                "text" => fields.Text("text") ?? throw fields.Missing("text"),
                "refusal" => fields.Text("refusal") ?? "",
                var other => throw fields.Refused("type", $"is '{OneLine.Clipped(other ?? "")}': this model reads text "
                    + "only", "unsupported"),
            };
        }));
    }

    private static JsonArray? Calls(RequestFields message)
    {
        if (message.List("tool_calls", MostCalls) is not { Count: > 0 } list)
            return null;
        var calls = new JsonArray();
        foreach (var (element, i) in list.Select(static (call, i) => (call, i)))
        {
            var call = new RequestFields(element, $"{message.PlaceOf("tool_calls")}[{i}]");
            var function = call.Object("function") ?? throw call.Missing("function");
            var name = function.Text("name") ?? throw function.Missing("name");
            calls.Add((JsonNode)new JsonObject
            {
                ["id"] = call.Text("id") ?? "",
                ["type"] = "function",
                ["function"] = new JsonObject { ["name"] = name, ["arguments"] = Arguments(function) },
            });
        }
        return calls;
    }

    // OpenAI has them as a text, templates write an object.
    private static JsonObject Arguments(RequestFields function)
    {
        var text = function.Text("arguments") ?? "";
        if (text.Length == 0)
            return new JsonObject();
        if (!JsonBody.TryParse(text, out var document))
            throw function.Refused("arguments", "is not JSON: it must be an object as a text");
        using (document)
            return document.RootElement.ValueKind == JsonValueKind.Object ? JsonObject.Create(document.RootElement.Clone())!
                : throw function.Refused("arguments", "is JSON but not an object");
    }
}

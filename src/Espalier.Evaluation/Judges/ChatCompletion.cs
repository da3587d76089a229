using System.Text;
using Espalier.Evaluation.Conversations;

namespace Espalier.Evaluation.Judges;

/// <summary>OpenAI's form of a question and its answer (POST /v1/chat/completions), as far as a judge needs it.</summary>
internal static class ChatCompletion
{
    private static readonly string[] s_names = ["error", "message", "detail"];

    /// <summary>The body of a request.</summary>
    public static byte[] Request(string model, IReadOnlyList<Message> messages, int maxTokens) => Encoding.UTF8.GetBytes(new JsonObject
    {
        ["model"] = model,
        ["messages"] = new JsonArray(
            [.. messages.Select(JsonNode (message) => new JsonObject { ["role"] = message.Role, ["content"] = message.Text })]),
        ["temperature"] = 0,
        ["max_tokens"] = maxTokens,
        ["stream"] = false,
    }.ToJsonString());

    /// <summary>What a body says: <c>choices[0].message.content</c>.</summary>
    public static JudgeReply Reply(byte[] body)
    {
        try
        {
            using var json = JsonDocument.Parse(body);
            return json.RootElement is { ValueKind: JsonValueKind.Object } root && root.TryGetProperty("choices", out var choices)
                && choices is { ValueKind: JsonValueKind.Array } && choices.GetArrayLength() > 0
                && choices[0] is { ValueKind: JsonValueKind.Object } choice && choice.TryGetProperty("message", out var message)
                && message.ValueKind == JsonValueKind.Object && message.TryGetProperty("content", out var content)
                && content.ValueKind == JsonValueKind.String
                ? new(content.GetString()!) : new(null, "its answer has no choices[0].message.content");
        }
        catch (JsonException)
        {
            return new(null, "its answer is not JSON");
        }
        catch (InvalidOperationException)
        {
            // Half of a character in an escape.
            return new(null, "its answer is not text");
        }
    }

    /// <summary>What a server says of a failure, clipped, after a colon; empty where it says nothing.</summary>
    public static string Complaint(byte[] body)
    {
        try
        {
            using var json = JsonDocument.Parse(body);
            var value = json.RootElement;
            while (value.ValueKind == JsonValueKind.Object && s_names.FirstOrDefault(name => value.TryGetProperty(name, out _)) is { } name)
                value = value.GetProperty(name);
            return value.ValueKind == JsonValueKind.String ? $": {OneLine.Clipped(value.GetString()!)}" : "";
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            return "";
        }
    }
}

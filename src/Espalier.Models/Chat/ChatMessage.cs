namespace Espalier.Models.Chat;

/// <summary>
/// A message of a conversation. Beside its role and its content it may have whatever fields a template reads, such as <c>tool_calls</c>,
/// <c>tool_call_id</c>, <c>name</c> or <c>reasoning_content</c>, in the form of OpenAI's chat messages.
/// </summary>
/// <param name="Fields">The fields.</param>
internal sealed record ChatMessage(JsonObject Fields)
{
    /// <summary>A message of a role with a text.</summary>
    public ChatMessage(string role, string content) : this(new JsonObject { ["role"] = role, ["content"] = content })
    {
    }

    /// <summary>Who writes: <c>system</c>, <c>user</c>, <c>assistant</c>, <c>tool</c>; empty where the message does not say.</summary>
    public string Role => Fields["role"] is JsonValue value && value.TryGetValue(out string? role) ? role : "";

    /// <summary>What the model is to be.</summary>
    public static ChatMessage System(string content) => new("system", content);

    /// <summary>What the user writes.</summary>
    public static ChatMessage User(string content) => new("user", content);

    /// <summary>What the model wrote.</summary>
    public static ChatMessage Assistant(string content) => new("assistant", content);
}

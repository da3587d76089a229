using Espalier.Models.Chat;

namespace Espalier.Compression.Synthesis;

/// <summary>What the teacher writes after.</summary>
/// <param name="Source">Where it is from, as each line names it: an id, a file and line; null where it is from nothing.</param>
/// <param name="Ids">Its ids, BOS included.</param>
internal sealed record SynthesisPrompt(string? Source, IReadOnlyList<int> Ids)
{
    /// <summary>The text of a prompt that is continued as it stands; null for others.</summary>
    public string? Text { get; init; }

    /// <summary>The conversation that the teacher answers; empty for others.</summary>
    public IReadOnlyList<ChatMessage> Messages { get; init; } = [];

    /// <summary>All that it says, a line break between two messages.</summary>
    public string Said => Text ?? string.Join('\n', Messages.Select(TextOf));

    /// <summary>The text of a message; of its parts those that have any.</summary>
    public static string TextOf(ChatMessage message) => message.Fields["content"] switch
    {
        JsonValue value when value.TryGetValue(out string? text) => text,
        JsonArray parts => string.Join('\n', parts.OfType<JsonObject>()
            .Select(part => part["text"] is JsonValue value && value.TryGetValue(out string? text) ? text : null).OfType<string>()),
        _ => "",
    };
}

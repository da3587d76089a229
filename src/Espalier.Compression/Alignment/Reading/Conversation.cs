using Espalier.Models.Chat;

namespace Espalier.Compression.Alignment.Reading;

/// <summary>A conversation to learn from.</summary>
/// <param name="Messages">Its messages, at least one of them the assistant's.</param>
internal sealed record Conversation(IReadOnlyList<ChatMessage> Messages)
{
    /// <summary>How many of the first messages are only asked with: no loss counts answers among them. 0.</summary>
    public int Asked { get; init; }

    /// <summary>The tools that its template shows, in OpenAI's form; null for none.</summary>
    public JsonArray? Tools { get; init; }

    /// <summary>
    /// Whether it came as two texts, a prompt and what completes it: without a chat template they stand one after the other.
    /// </summary>
    public bool IsPlain { get; init; }

    /// <summary>The two texts.</summary>
    public static Conversation Plain(string prompt, string completion) =>
        new([ChatMessage.User(prompt), ChatMessage.Assistant(completion)]) { Asked = 1, IsPlain = true };
}

namespace Espalier.Models.Chat;

/// <summary>
/// Finds what the assistant wrote in a rendered conversation by rendering its beginnings: an answer is what comes to the text, after the
/// prompt that starts it, when its message does.
/// </summary>
internal sealed class AssistantTurns(ChatTemplate template, IReadOnlyList<ChatMessage> messages, ChatOptions options)
{
    /// <summary>The places of the answers in the rendered text, in UTF-16 units, with what ends a turn.</summary>
    /// <param name="full">The rendering of the whole conversation.</param>
    /// <param name="first">Answers before this message are left out.</param>
    /// <exception cref="EspalierException">
    /// The template does not write a conversation's beginning as it writes it alone, or refuses it.
    /// </exception>
    public IReadOnlyList<(int Start, int End)> Places(string full, int first = 0)
    {
        var places = new List<(int, int)>();
        for (var i = first; i < messages.Count; i++)
            if (messages[i].Role == "assistant")
                places.Add(Place(i, full));
        return places;
    }

    private (int Start, int End) Place(int index, string full)
    {
        var (before, prompted, after) = (Beginning(index, false), Beginning(index, true), Beginning(index + 1, false));
        // What stands after the last message only, such as EOS, follows any beginning.
        var shared = before.AsSpan().CommonPrefixLength(full);
        var closing = before[shared..];
        var start = prompted.AsSpan().CommonPrefixLength(full);
        if (index > 0 && shared == 0 || start < shared)
            throw Changed(index, "before it");
        if (index == messages.Count - 1)
            return (start, full.Length);
        if (full.StartsWith(after, StringComparison.Ordinal))
            return (start, Math.Max(start, after.Length));
        if (closing.Length > 0 && after.EndsWith(closing, StringComparison.Ordinal) && after.Length - closing.Length is var end
            && end >= start && full.AsSpan().StartsWith(after.AsSpan(0, end)))
            return (start, end);
        throw Changed(index, "up to it");
    }

    private string Beginning(int count, bool addsPrompt) =>
        template.Render(messages.Take(count), options with { AddGenerationPrompt = addsPrompt }).Text;

    private EspalierException Changed(int index, string where) => new(
        $"{template.Place}: message {index + 1} is the assistant's, but the template renders the conversation {where} differently when "
            + $"more "
            + "follows (thoughts of earlier answers left out, for one), so its place in the text is not known: give the conversation up to "
            + "that answer, or a template that marks answers with {% generation %}");
}

namespace Espalier.Models.Chat;

/// <summary>
/// The last message of a conversation that the model is to go on with: a mark after its content is rendered with it, and the text is cut
/// there (<c>continue_final_message</c> of transformers).
/// </summary>
internal sealed class FinalMessage
{
    private const string Mark = "CONTINUE_FINAL_MESSAGE_TAG ";

    private readonly string _origin;
    private readonly string _content;

    /// <summary>Marks the last of the messages.</summary>
    /// <exception cref="EspalierException">It has no text to go on with, or an answer is to be started as well.</exception>
    public FinalMessage(IReadOnlyList<JsonObject> messages, string origin, ChatOptions options)
    {
        _origin = origin;
        if (options.AddGenerationPrompt)
            throw new EspalierException($"{origin}: either continue the last message or start a new answer, not both");
        var last = messages.Count == 0 ? [] : (JsonObject)messages[^1].DeepClone();
        var (place, key) = last["content"] is JsonArray parts
            ? (parts.OfType<JsonObject>().LastOrDefault(static part => part.ContainsKey("text")), "text") : (last, "content");
        _content = place?[key] is JsonValue value && value.TryGetValue(out string? text) ? text
            : throw new EspalierException($"{origin}: the last message has no text to continue");
        place[key] = _content + Mark;
        Marked = [.. messages.SkipLast(1), last];
    }

    /// <summary>The messages, the last one with the mark.</summary>
    public IReadOnlyList<JsonObject> Marked { get; }

    /// <summary>The text up to the mark.</summary>
    /// <exception cref="EspalierException">The template did not write the last message whole.</exception>
    public string Cut(string rendered)
    {
        var at = rendered.LastIndexOf(Mark.Trim(), StringComparison.Ordinal);
        if (at < 0 || !rendered.Contains(Python.CodePoints.Strip(_content, null), StringComparison.Ordinal))
            throw new EspalierException($"{_origin}: the template does not render the last message in full, so it cannot be continued");
        // Where the template took the space after the mark, it would have taken white space after the content too.
        return rendered.AsSpan(at).StartsWith(Mark, StringComparison.Ordinal) ? rendered[..at]
            : Python.CodePoints.Strip(rendered[..at], null, left: false);
    }
}

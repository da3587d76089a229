using System.Text;

namespace Espalier.Compression.Data.Records;

/// <summary>The text of one record, in the shapes that people have: the first that fits, or the field that was asked for alone.</summary>
internal static class RecordText
{
    /// <summary>How a field or column of another name is named in messages; a shell ends a command at a bare semicolon.</summary>
    public const string ByName = "with --field NAME, data: { field: NAME } in a recipe, or in quotes as 'FILE;field=NAME'";

    /// <summary>What is read without being told, for messages.</summary>
    public const string Known = "text, content, prompt + completion, messages, conversations, instruction + output, question + answer";

    private static readonly string[] s_alone = ["text", "content"];

    private static readonly string[] s_conversations = ["messages", "conversations", "conversation"];

    // What is asked, what may go with it, what answers. Roles of a task have a blank line between them, a prompt goes on in its completion.
    private static readonly (string Asks, string[] With, string[] Answers)[] s_tasks =
    [
        ("instruction", ["input", "context"], ["output", "response"]),
        ("question", [], ["answer"]),
    ];

    private static readonly string[] s_completions = ["completion", "response"];

    /// <summary>Fields that any shape reads, so that a table need not read its others.</summary>
    public static IEnumerable<string> Fields { get; } =
    [
        .. s_alone, "prompt", .. s_completions, .. s_conversations,
        .. s_tasks.SelectMany(task => (string[])[task.Asks, .. task.With, .. task.Answers]),
    ];

    /// <summary>The text, which may be empty; null where the record has none.</summary>
    /// <param name="record">An object; also a text alone, or a conversation.</param>
    /// <param name="field">The field that decides; null for any known shape.</param>
    /// <exception cref="InvalidOperationException">A string holds half a surrogate pair.</exception>
    public static string? Of(JsonElement record, string? field)
    {
        if (field is not null)
            return Field(record, field);
        if (record.ValueKind != JsonValueKind.Object)
            return Plain(record);
        return First(record, s_alone) ?? Prompt(record) ?? First(record, s_conversations)
            ?? s_tasks.Select(task => Task(record, task.Asks, task.With, task.Answers)).FirstOrDefault(text => text is not null);
    }

    /// <summary>Two texts that belong together: as they stand where white space parts them, else with a line break between.</summary>
    public static string Join(string before, string after) =>
        before.Length == 0 || after.Length == 0 || char.IsWhiteSpace(before[^1]) || char.IsWhiteSpace(after[0]) ? before + after
            : $"{before}\n{after}";

    private static string? Prompt(JsonElement record)
    {
        if (Field(record, "prompt") is not { } prompt || First(record, s_completions) is not { } completion)
            return null;
        var turns = record.GetProperty("prompt").ValueKind == JsonValueKind.Array;
        return turns ? Blocks([prompt, completion]) : Join(prompt, completion);
    }

    private static string? Task(JsonElement record, string asks, string[] with, string[] answers) =>
        Field(record, asks) is { } asked && First(record, answers) is { } answer ? Blocks([asked, First(record, with) ?? "", answer])
            : null;

    private static string? First(JsonElement record, string[] fields) =>
        fields.Select(field => Field(record, field)).FirstOrDefault(text => text is not null);

    private static string? Field(JsonElement record, string field) =>
        record.ValueKind == JsonValueKind.Object && record.TryGetProperty(field, out var value) ? Plain(value) : null;

    /// <summary>A string; the parts of a content, one after the other; or a conversation, turn by turn.</summary>
    private static string? Plain(JsonElement value)
    {
        if (value.ValueKind == JsonValueKind.String)
            return value.GetString();
        if (value.ValueKind != JsonValueKind.Array)
            return null;
        var isConversation = value.EnumerateArray()
            .Any(item => item.ValueKind == JsonValueKind.Object && (Has(item, "role") || Has(item, "from")));
        return isConversation ? Blocks(value.EnumerateArray().Select(Turn)) : Parts(value);
    }

    /// <summary>Parts that hold no text (pictures, sound) are left out; what is no part at all makes no text.</summary>
    private static string? Parts(JsonElement value)
    {
        var text = "";
        var pieces = new StringBuilder();
        foreach (var part in value.EnumerateArray())
        {
            if (part.ValueKind == JsonValueKind.String)
                text = part.GetString()!;
            else if (part.ValueKind == JsonValueKind.Object && (Has(part, "type") || Has(part, "text")))
                text = part.TryGetProperty("text", out var inner) && inner.ValueKind == JsonValueKind.String ? inner.GetString()! : "";
            else
                return null;
            if (pieces.Length > 0 && text.Length > 0 && !char.IsWhiteSpace(pieces[^1]) && !char.IsWhiteSpace(text[0]))
                pieces.Append('\n');
            pieces.Append(text);
        }
        return pieces.ToString();
    }

    /// <summary><c>role: content</c>; ShareGPT's human and gpt are the roles user and assistant. A turn without text is empty.</summary>
    private static string Turn(JsonElement turn)
    {
        if (turn.ValueKind != JsonValueKind.Object)
            return "";
        var content = First(turn, ["content", "value", "text"]);
        var role = Name(turn, "role") ?? Name(turn, "from");
        return string.IsNullOrWhiteSpace(content) ? "" : role is null ? content : $"{role}: {content}";
    }

    private static string? Name(JsonElement turn, string field) =>
        turn.TryGetProperty(field, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() switch
        {
            "human" => "user",
            "gpt" => "assistant",
            var name => name,
        } : null;

    private static bool Has(JsonElement item, string field) => item.TryGetProperty(field, out _);

    private static string Blocks(IEnumerable<string> blocks) =>
        string.Join("\n\n", blocks.Where(block => !string.IsNullOrWhiteSpace(block)));
}

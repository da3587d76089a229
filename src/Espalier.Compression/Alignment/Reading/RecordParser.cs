using System.Text;
using Espalier.Compression.Data.Records;
using Espalier.Models.Chat;

namespace Espalier.Compression.Alignment.Reading;

/// <summary>Conversations of records, in the shapes that people have. What cannot be one is counted with its reason.</summary>
internal sealed class RecordParser(SkipCounts skips)
{
    private static readonly JsonDocumentOptions s_record = new() { MaxDepth = 256, AllowDuplicateProperties = false };

    private static readonly Dictionary<string, string> s_roles = new(StringComparer.Ordinal)
    {
        ["human"] = "user",
        ["gpt"] = "assistant",
        ["chatgpt"] = "assistant",
        ["bing"] = "assistant",
        ["bard"] = "assistant",
        ["model"] = "assistant",
        ["observation"] = "tool",
        ["function_response"] = "tool",
        ["user"] = "user",
        ["assistant"] = "assistant",
        ["system"] = "system",
        ["developer"] = "developer",
        ["tool"] = "tool",
        ["function"] = "function",
        ["ipython"] = "ipython",
    };

    private string _origin = "";

    /// <summary>The conversation of a record; null where it was skipped.</summary>
    /// <param name="record">The record, as JSON (<see cref="AlignmentRecords.Conversations"/>), and where it stands.</param>
    public Conversation? Conversation(Document record)
    {
        if (Open(record) is not { } fields)
            return null;
        if (ListOf(fields) is { } list)
            return Turns(list, fields) is { } messages ? Answered(new(messages) { Tools = Tools(fields) }) : null;
        return Asked(fields, "prompt", out var prompt) && Asked(fields, "completion", out var completion)
            ? Answered(Joined(fields, prompt, completion)) : null;
    }

    /// <summary>What a record asks, as a conversation without its answer; null where it was skipped.</summary>
    /// <param name="record">The record, as JSON (<see cref="AlignmentRecords.Prompts"/>), and where it stands.</param>
    public Conversation? Prompt(Document record)
    {
        if (Open(record) is not { } fields)
            return null;
        if ((ListOf(fields) ?? fields["prompt"] as JsonArray) is { } list)
        {
            if (Turns(list, fields) is not { } messages)
                return null;
            var last = messages.ToList().FindLastIndex(static message => message.Role is not "assistant");
            return last < 0 ? Skip(SkipReason.NoAnswer, "asks nothing")
                : new([.. messages.Take(last + 1)]) { Asked = last + 1, Tools = Tools(fields) };
        }
        return fields["prompt"].TextOf() is { Length: > 0 } asked && CleanText.Normalise(asked, skips) is var text
            ? new(WithSystem(fields, [ChatMessage.User(text)]))
            {
                Asked = 1,
                Tools = Tools(fields),
                IsPlain = !fields.ContainsKey("system")
            }
            : Skip(SkipReason.MalformedConversation, "has a prompt that is not text");
    }

    /// <summary>The two conversations of a pair, with their rewards where it has them; null where it was skipped.</summary>
    /// <param name="record">The record, as JSON (<see cref="AlignmentRecords.Pairs"/>), and where it stands.</param>
    public PreferencePair? Pair(Document record)
    {
        if (Open(record) is not { } fields || !Asked(fields, "chosen", out var chosen) || !Asked(fields, "rejected", out var rejected))
            return null;
        Conversation better, worse;
        if (fields["prompt"] is null)
        {
            if (chosen.Text is not null || rejected.Text is not null)
                return Fault<PreferencePair>(SkipReason.MalformedConversation,
                    "has no prompt, and chosen and rejected are not lists of turns");
            var (left, right) = (WithSystem(fields, chosen.Messages!), WithSystem(fields, rejected.Messages!));
            var shared = left.Zip(right).TakeWhile(static both => JsonNode.DeepEquals(both.First.Fields, both.Second.Fields)).Count();
            if (shared == left.Count && shared == right.Count)
                return Fault<PreferencePair>(SkipReason.EqualAnswers, "has the same conversation twice");
            (better, worse) = (new(left) { Asked = shared, Tools = Tools(fields) }, new(right) { Asked = shared, Tools = Tools(fields) });
        }
        else if (Asked(fields, "prompt", out var prompt))
        {
            (better, worse) = (Joined(fields, prompt, chosen), Joined(fields, prompt, rejected));
        }
        else
        {
            return null;
        }
        if (Answered(better) is null || Answered(worse) is null)
            return null;
        if (better.Messages.Count == worse.Messages.Count && better.Messages.Zip(worse.Messages)
            .All(static both => JsonNode.DeepEquals(both.First.Fields, both.Second.Fields)))
            return Fault<PreferencePair>(SkipReason.EqualAnswers, "has the same answer twice");
        return new(better, worse, Reward(fields, "chosen_reward"), Reward(fields, "rejected_reward"));
    }

    private JsonObject? Open(Document record)
    {
        _origin = record.Origin;
        try
        {
            return JsonNode.Parse(record.Text, documentOptions: s_record) as JsonObject
                ?? Fault<JsonObject>(SkipReason.MalformedJson, "is not a JSON object");
        }
        catch (JsonException error)
        {
            return Fault<JsonObject>(SkipReason.MalformedJson,
                $"is not a JSON record {OneLine.Clipped(Files.JsonReason.InLine(error), 120)}");
        }
    }

    private static JsonArray? ListOf(JsonObject fields) =>
        fields["messages"] as JsonArray ?? fields["conversations"] as JsonArray ?? fields["conversation"] as JsonArray;

    /// <summary>A text, or a list of turns; false where it is neither, which is counted.</summary>
    private bool Asked(JsonObject fields, string name, out (string? Text, IReadOnlyList<ChatMessage>? Messages) found)
    {
        found = fields[name] is JsonArray list ? (null, Turns(list, null))
            : (fields[name].TextOf() is { } text ? CleanText.Normalise(text, skips) : null, null);
        if (found is not (null, null))
            return true;
        if (fields[name] is not JsonArray)
            Skip(SkipReason.MalformedConversation, $"has a {name} that is neither text nor a list of turns");
        return false;
    }

    private Conversation Joined(
        JsonObject fields, (string? Text, IReadOnlyList<ChatMessage>? Messages) prompt,
        (string? Text, IReadOnlyList<ChatMessage>? Messages) answer)
    {
        if (prompt.Text is { } asked && answer.Text is { } completion && !fields.ContainsKey("system"))
            return Reading.Conversation.Plain(asked, completion) with { Tools = Tools(fields) };
        var before = WithSystem(fields, prompt.Messages ?? [ChatMessage.User(prompt.Text!)]);
        return new([.. before, .. answer.Messages ?? [ChatMessage.Assistant(answer.Text!)]])
        {
            Asked = before.Count,
            Tools = Tools(fields)
        };
    }

    private Conversation? Answered(Conversation conversation) =>
        conversation.Messages.Skip(conversation.Asked).Any(static message => message.Role == "assistant"
            && (message.Fields["content"].TextOf() is { } text && !string.IsNullOrWhiteSpace(text)
                || message.Fields["tool_calls"] is JsonArray))
            ? conversation : Skip(SkipReason.NoAnswer, "has no answer by the assistant");

    /// <summary>Turns as OpenAI's messages, from these or from ShareGPT's <c>from</c> and <c>value</c>.</summary>
    private IReadOnlyList<ChatMessage>? Turns(JsonArray list, JsonObject? fields)
    {
        var messages = new List<ChatMessage>();
        foreach (var item in list)
        {
            if (item is not JsonObject turn || (turn["role"].TextOf() ?? turn["from"].TextOf()) is not { } named)
                return Fault<List<ChatMessage>>(SkipReason.MalformedConversation, "has a turn without a role");
            if (!s_roles.TryGetValue(named, out var role))
                return Fault<List<ChatMessage>>(
                    SkipReason.MalformedConversation, $"has a turn with the unknown role '{OneLine.Clipped(named, 40)}'");
            var content = turn.ContainsKey("content") ? turn["content"] : turn["value"];
            if (content is JsonArray parts && Joined(parts) is not { } && parts.Count > 0)
                return Fault<List<ChatMessage>>(SkipReason.MalformedConversation, "has a turn with a part that is not text");
            var text = content is JsonArray several ? Joined(several) ?? "" : content.TextOf();
            if (text is null && turn["tool_calls"] is not JsonArray)
                return Fault<List<ChatMessage>>(SkipReason.MalformedConversation, "has a turn without a text");
            var message = (JsonObject)turn.DeepClone();
            message.Remove("from");
            message.Remove("value");
            (message["role"], message["content"]) = (role, text is null ? null : CleanText.Normalise(text, skips));
            messages.Add(new(message));
        }
        return fields is null ? messages : WithSystem(fields, messages);
    }

    private static string? Joined(JsonArray parts)
    {
        var texts = parts.Select(static part => part is JsonObject of ? of["text"].TextOf() : part.TextOf()).ToList();
        return texts.Count == 0 || texts.Contains(null) ? null : string.Concat(texts);
    }

    // A field beside the turns, as some collections have it; a system message among the turns goes before it.
    private IReadOnlyList<ChatMessage> WithSystem(JsonObject fields, IReadOnlyList<ChatMessage> messages) =>
        fields["system"].TextOf() is { Length: > 0 } system && messages.All(static message => message.Role != "system")
            ? [ChatMessage.System(CleanText.Normalise(system, skips)), .. messages] : messages;

    private JsonArray? Tools(JsonObject fields)
    {
        if (fields["tools"] is JsonArray { Count: > 0 } tools)
            return (JsonArray)tools.DeepClone();
        // Tables keep them as a text.
        if (fields["tools"].TextOf() is not { } text || !text.TrimStart().StartsWith('['))
            return null;
        try
        {
            return LenientJson.Read(
                Encoding.UTF8.GetBytes(text), static list => JsonNode.Parse(LenientJson.TextOf(list), documentOptions: s_record),
                () => skips.Add(SkipReason.RepairedUtf8)) as JsonArray is { Count: > 0 } parsed ? parsed : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static double? Reward(JsonObject fields, string name) => fields[name] switch
    {
        JsonValue value when value.TryGetValue(out double number) && double.IsFinite(number) => number,
        JsonValue value when value.TryGetValue(out string? text) && Files.Quantity.Number(text) is { } number => number,
        _ => null,
    };

    private Conversation? Skip(SkipReason reason, string what) => Fault<Conversation>(reason, what);

    private T? Fault<T>(SkipReason reason, string what) where T : class
    {
        var origin = _origin;
        skips.Add(reason, () => $"{origin} {what}");
        return null;
    }
}

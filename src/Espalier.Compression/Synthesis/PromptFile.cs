using System.Text;
using Espalier.Compression.Data.Files;
using Espalier.Compression.Data.Records;
using Espalier.Models.Chat;

namespace Espalier.Compression.Synthesis;

/// <summary>A prompt as a file has it.</summary>
/// <param name="Source">Its id where it has one, else file and line.</param>
/// <param name="Place">File and line, for errors.</param>
/// <param name="Text">Its text; null of a conversation.</param>
/// <param name="Messages">The conversation, up to what is to be answered; empty of a text.</param>
internal sealed record GivenPrompt(string Source, string Place, string? Text, IReadOnlyList<ChatMessage> Messages);

/// <summary>
/// Reads prompts: of a text file each line that is not empty, of a file whose name ends in .jsonl one object a line, with a
/// <c>prompt</c>, <c>instruction</c>, <c>question</c>, <c>text</c> or <c>content</c>, or <c>messages</c> (ShareGPT's
/// <c>conversations</c> too), of which the answers at the end are left out. An <c>id</c> is kept.
/// </summary>
internal static class PromptFile
{
    private const int LongestLine = 16 << 20;

    private static readonly string[] s_texts = ["prompt", "instruction", "question", "text", "content"];

    private static readonly string[] s_conversations = ["messages", "prompt", "conversations"];

    /// <summary>The prompts of a file, in their order.</summary>
    /// <param name="most">No more than the first so many.</param>
    /// <exception cref="EspalierException">It cannot be read, a line holds no prompt, or there is none.</exception>
    public static IReadOnlyList<GivenPrompt> Read(string path, int most)
    {
        using var file = ReadableFile.Open(path, 1 << 16, FileOptions.SequentialScan);
        var (prompts, isJson) = (new List<GivenPrompt>(), path.EndsWith(".jsonl", StringComparison.OrdinalIgnoreCase));
        var lines = new LineReader(file, LongestLine, path);
        while (prompts.Count < most && lines.TryRead(out var line, out var whole))
        {
            var place = $"{path}:{lines.LineNumber}";
            if (!whole)
                throw new EspalierException($"{place}: is longer than {LongestLine} bytes; leave it out");
            var text = CleanText.Decode(line, new()).Trim();
            if (text.Length == 0)
                continue;
            var source = $"{Path.GetFileName(path)}:{lines.LineNumber}";
            prompts.Add(isJson ? OfRecord(text, source, place) : new(source, place, text, []));
        }
        return prompts.Count > 0 ? prompts : throw new EspalierException($"{path}: contains no prompt: it is empty or blank; give one "
            + "per line");
    }

    private static GivenPrompt OfRecord(string json, string source, string place)
    {
        JsonObject record;
        try
        {
            record = LenientJson.Read(
                Encoding.UTF8.GetBytes(json), static line => JsonNode.Parse(LenientJson.TextOf(line), documentOptions: RecordFile.Strict),
                static () => { }) as JsonObject ?? throw new EspalierException($"{place}: is not a JSON object; give one per line");
        }
        catch (JsonException error)
        {
            throw new EspalierException($"{place}: is not valid JSON {OneLine.Clipped(JsonReason.InLine(error))}", error);
        }
        if (record["id"] is JsonValue id)
            source = id.TryGetValue(out string? named) ? named : id.ToJsonString();
        foreach (var field in s_conversations)
            if (record[field] is JsonArray turns)
                return new(source, place, null, Conversation(turns, record["system"], place));
        foreach (var field in s_texts)
            if (record[field].TextOf() is { } text && !string.IsNullOrWhiteSpace(text))
                return new(source, place, record["input"].TextOf() is { Length: > 0 } input ? $"{text}\n\n{input}" : text, []);
        throw new EspalierException(
            $"{place}: has no prompt in any of {string.Join(", ", s_texts)} or messages; name the field prompt");
    }

    private static List<ChatMessage> Conversation(JsonArray turns, JsonNode? system, string place)
    {
        var messages = new List<ChatMessage>();
        if (system.TextOf() is { Length: > 0 } said)
            messages.Add(ChatMessage.System(said));
        foreach (var turn in turns)
        {
            if (turn is not JsonObject fields)
                throw new EspalierException($"{place}: a message is not a JSON object; give it a role and a content");
            messages.Add(fields["from"].TextOf() is { } from && fields["value"].TextOf() is { } value
                ? new(from switch { "human" => "user", "gpt" => "assistant", _ => from }, value) : new((JsonObject)fields.DeepClone()));
        }
        while (messages is [.., { Role: "assistant" }])
            messages.RemoveAt(messages.Count - 1);
        return messages.Any(message => message.Role == "user") ? messages
            : throw new EspalierException($"{place}: has no user message to answer");
    }
}

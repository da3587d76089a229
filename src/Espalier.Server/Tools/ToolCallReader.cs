using System.Text;
using Espalier.Server.Requests;

namespace Espalier.Server.Tools;

/// <summary>Reads calls out of JSON that a model wrote.</summary>
/// <param name="tools">What may be called: a text that names another is no call.</param>
internal sealed class ToolCallReader(KnownTools tools) : ICallReader
{
    /// <summary>The calls of an object, or of a list of them; null where it is anything else.</summary>
    public IReadOnlyList<ToolCall>? Read(string json)
    {
        if (!JsonBody.TryParse(json, out var document))
            return null;
        using (document)
        {
            ToolCall?[] calls = document.RootElement.ValueKind == JsonValueKind.Array
                ? [.. document.RootElement.EnumerateArray().Select(Call)] : [Call(document.RootElement)];
            ToolCall[] known = [.. calls.OfType<ToolCall>()];
            return calls.Length > 0 && known.Length == calls.Length ? known : null;
        }
    }

    public IReadOnlyList<ToolCall>? ReadCut(string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        var calls = new List<ToolCall>();
        for (var at = 0; at < bytes.Length;)
        {
            if (" \t\r\n[],;"u8.Contains(bytes[at]))
            {
                at++;
                continue;
            }
            if (CallAt(bytes.AsSpan(at), out var length, out var mayBecomeOne) is not { } call)
                return calls.Count > 0 || mayBecomeOne ? calls : null;
            calls.Add(call);
            at += length;
        }
        return calls;
    }

    // {"name": "...", "arguments": {...}}, the fields in this order, as the grammar of calls writes them.
    private ToolCall? CallAt(ReadOnlySpan<byte> bytes, out int length, out bool mayBecomeOne)
    {
        length = bytes.Length;
        mayBecomeOne = false;
        string? name = null;
        var (from, to) = (-1, -1);
        var json = new Utf8JsonReader(bytes, isFinalBlock: false, default);
        try
        {
            mayBecomeOne = true;
            if (!json.Read() || !(mayBecomeOne = json.TokenType == JsonTokenType.StartObject) || !json.Read()
                || !(mayBecomeOne = IsName(ref json, "name"u8)) || !json.Read()
                || !(mayBecomeOne = json.TokenType == JsonTokenType.String))
                return null;
            mayBecomeOne = false;
            name = json.GetString()!;
            if (!tools.Has(name))
                return null;
            if (json.Read() && (IsName(ref json, "arguments"u8) || IsName(ref json, "parameters"u8)) && json.Read())
            {
                (from, to) = ((int)json.TokenStartIndex, bytes.Length);
                if (json.TokenType == JsonTokenType.StartObject && json.TrySkip())
                    to = (int)json.BytesConsumed;
            }
            while (json.Read() && json.CurrentDepth > 0)
            {
            }
            if (json.CurrentDepth == 0 && json.TokenType == JsonTokenType.EndObject)
                length = (int)json.BytesConsumed;
        }
        // Not well-formed, or half of a surrogate pair.
        catch (Exception error) when (error is JsonException or InvalidOperationException)
        {
            mayBecomeOne = false;
            return null;
        }
        return ToolCall.New(name, from < 0 ? "" : Encoding.UTF8.GetString(bytes[from..to]));
    }

    private static bool IsName(ref Utf8JsonReader json, ReadOnlySpan<byte> name) =>
        json.TokenType == JsonTokenType.PropertyName && json.ValueTextEquals(name);

    private ToolCall? Call(JsonElement element)
    {
        if (element.ValueKind != JsonValueKind.Object || !element.TryGetProperty("name", out var name)
            || name.ValueKind != JsonValueKind.String
            || !tools.Has(name.GetString()!))
            return null;
        if (!element.TryGetProperty("arguments", out var arguments) && !element.TryGetProperty("parameters", out arguments))
            return ToolCall.New(name.GetString()!, "{}");
        // Some models write the object as a text, as OpenAI does.
        var text = arguments.ValueKind switch
        {
            JsonValueKind.Object => arguments.GetRawText(),
            JsonValueKind.String => Inner(arguments.GetString()!),
            JsonValueKind.Null => "{}",
            _ => null,
        };
        return text is null ? null : ToolCall.New(name.GetString()!, text);
    }

    private static string? Inner(string text)
    {
        if (!JsonBody.TryParse(text, out var document))
            return null;
        using (document)
            return document.RootElement.ValueKind == JsonValueKind.Object ? text : null;
    }
}

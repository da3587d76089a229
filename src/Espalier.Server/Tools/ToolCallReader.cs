using System.Text.Json;
using Espalier.Server.Requests;

namespace Espalier.Server.Tools;

/// <summary>Reads calls out of JSON that a model wrote.</summary>
/// <param name="names">The functions that may be called: a text that names another is no call.</param>
internal sealed class ToolCallReader(IReadOnlySet<string> names)
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

    private ToolCall? Call(JsonElement element)
    {
        if (element.ValueKind != JsonValueKind.Object || !element.TryGetProperty("name", out var name)
            || name.ValueKind != JsonValueKind.String
            || !names.Contains(name.GetString()!))
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

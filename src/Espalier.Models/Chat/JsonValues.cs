using System.Numerics;
using Espalier.Models.Chat.Python;

namespace Espalier.Models.Chat;

/// <summary>JSON as templates see it, and as Python's <c>json.loads</c> gives it.</summary>
internal static class JsonValues
{
    /// <summary>A value of JSON: objects are dicts, numbers without point and exponent are ints.</summary>
    public static object? Of(JsonNode? node)
    {
        switch (node)
        {
            case null:
                return null;
            case JsonObject fields:
                return PythonDict.Of(fields.Select(static field => ((object?)field.Key, Of(field.Value))));
            case JsonArray items:
                return items.Select(Of).ToList();
        }
        return node.GetValueKind() switch
        {
            JsonValueKind.String => node.GetValue<string>(),
            JsonValueKind.True => true,
            JsonValueKind.False => false,
            JsonValueKind.Number => Number(node.ToJsonString()),
            _ => null,
        };
    }

    private static object Number(string text) => text.AsSpan().IndexOfAny('.', 'e', 'E') >= 0
        ? double.Parse(text, CultureInfo.InvariantCulture) : PythonNumbers.Normal(BigInteger.Parse(text, CultureInfo.InvariantCulture));
}

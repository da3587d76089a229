using System.Numerics;
using Espalier.Models.Chat.Python;

namespace Espalier.Models.Chat;

/// <summary>JSON as templates see it, and as Python's <c>json.loads</c> gives it.</summary>
internal static class JsonValues
{
    // Python refuses more than 4,300 digits; the time that more of them take grows with their square.
    private const int MostDigits = 20_000;

    /// <summary>A value of JSON: objects are dicts, numbers without point and exponent are ints.</summary>
    /// <exception cref="EspalierException">A number has too many digits.</exception>
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

    private static object Number(string text) => text.Length > MostDigits
        ? throw new EspalierException($"a number has {text.Length} characters and may have {MostDigits} in a chat template: write a text")
        : text.AsSpan().IndexOfAny('.', 'e', 'E') >= 0
        ? double.Parse(text, CultureInfo.InvariantCulture) : PythonNumbers.Normal(BigInteger.Parse(text, CultureInfo.InvariantCulture));
}

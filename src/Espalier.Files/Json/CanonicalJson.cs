using System.Buffers;

namespace Espalier.Files;

/// <summary>
/// One text for each JSON value, whatever its spelling: keys in ordinal order, no white space, numbers in their shortest form
/// (<c>1e-3</c>, <c>0.001</c> and <c>1.0E-3</c> are one, so are <c>1</c> and <c>1.0</c>; from 1e15 on, whole numbers and reals differ, for
/// the former keep all digits). Changing this changes every stage's folder name.
/// </summary>
internal static class CanonicalJson
{
    public static byte[] Bytes(JsonNode? node)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        using (var document = JsonDocument.Parse(node?.ToJsonString() ?? "null", RecordFile.Strict))
            Write(json, document.RootElement);
        return buffer.WrittenSpan.ToArray();
    }

    private static void Write(Utf8JsonWriter json, JsonElement value)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                json.WriteStartObject();
                foreach (var property in value.EnumerateObject().OrderBy(property => property.Name, StringComparer.Ordinal))
                {
                    json.WritePropertyName(property.Name);
                    Write(json, property.Value);
                }
                json.WriteEndObject();
                break;
            case JsonValueKind.Array:
                json.WriteStartArray();
                foreach (var item in value.EnumerateArray())
                    Write(json, item);
                json.WriteEndArray();
                break;
            case JsonValueKind.Number:
                json.WriteRawValue(Number(value));
                break;
            default:
                value.WriteTo(json);
                break;
        }
    }

    private static string Number(JsonElement value)
    {
        // Whole numbers keep all digits: a seed of 64 bits does not fit into a double.
        var text = value.GetRawText();
        if (text.AsSpan().TrimStart('-').IndexOfAnyExceptInRange('0', '9') < 0)
            return text == "-0" ? "0" : text;
        var real = value.GetDouble();
        // Beyond the range of a double there is only the spelling.
        return real == 0 ? "0" : double.IsFinite(real) ? real.ToString("R", CultureInfo.InvariantCulture) : text;
    }
}

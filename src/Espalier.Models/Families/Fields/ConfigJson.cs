using System.Text;

namespace Espalier.Models.Families.Fields;

/// <summary>JSON as Python's <c>json.dumps(indent=2, sort_keys=True)</c> writes it, so that files can be compared byte for byte.</summary>
internal static class ConfigJson
{
    /// <summary>The text of a file: two spaces a level, ASCII alone, a newline at the end. Sort first.</summary>
    public static string Text(JsonObject fields)
    {
        var text = new StringBuilder();
        Write(fields, 0, text);
        return text.Append('\n').ToString();
    }

    /// <summary>A copy with the keys of every object in alphabetical (code point) order.</summary>
    public static JsonObject Sorted(JsonObject fields)
    {
        var sorted = new JsonObject();
        foreach (var (name, value) in fields.OrderBy(static field => field.Key, StringComparer.Ordinal))
            sorted[name] = value is JsonObject inner ? Sorted(inner) : value?.DeepClone();
        return sorted;
    }

    internal static JsonObject Object(string json) => JsonNode.Parse(json)!.AsObject();

    /// <summary>Writes a whole number, leaving the field's own spelling where it says that number already.</summary>
    internal static void Set(JsonObject fields, string name, int? value)
    {
        if (!Says(fields[name], value))
            fields[name] = value;
    }

    /// <summary>Writes a number that Python holds as a float, leaving the field's own spelling where it says that number already.</summary>
    internal static void SetFloat(JsonObject fields, string name, double value)
    {
        if (!Says(fields[name], value))
            fields[name] = JsonNode.Parse(Float(value));
    }

    /// <summary>The same of a number that may be missing: null then.</summary>
    internal static void SetOptionalFloat(JsonObject fields, string name, double? value)
    {
        if (value is { } given)
            SetFloat(fields, name, given);
        else
            fields[name] = null;
    }

    /// <summary>A float as Python's <c>repr</c> spells it: shortest digits, an exponent below 1e-4 and from 1e16 on.</summary>
    internal static string Float(double value)
    {
        var shortest = value.ToString("R", CultureInfo.InvariantCulture);
        var negative = shortest[0] == '-';
        var parts = shortest.TrimStart('-').Split('E');
        var mantissa = parts[0];
        var digits = mantissa.Replace(".", "", StringComparison.Ordinal).Trim('0');
        if (digits.Length == 0)
            return negative ? "-0.0" : "0.0";

        // From the shortest form, too: 1e-6 with all its digits is 9.99...e-7.
        var point = mantissa.IndexOf('.', StringComparison.Ordinal) is >= 0 and var found ? found : mantissa.Length;
        var first = mantissa.AsSpan().IndexOfAnyExcept('0', '.');
        var exponent = (parts.Length > 1 ? int.Parse(parts[1], CultureInfo.InvariantCulture) : 0)
            + (first < point ? point - 1 - first : point - first);
        string text;
        if (exponent is < -4 or >= 16)
            text = $"{digits[0]}{(digits.Length > 1 ? "." : "")}{digits[1..]}e{(exponent < 0 ? '-' : '+')}{Math.Abs(exponent):00}";
        else if (exponent < 0)
            text = $"0.{new string('0', -exponent - 1)}{digits}";
        else if (digits.Length <= exponent + 1)
            text = $"{digits.PadRight(exponent + 1, '0')}.0";
        else
            text = $"{digits[..(exponent + 1)]}.{digits[(exponent + 1)..]}";
        return negative ? $"-{text}" : text;
    }

    /// <summary>The number that a node holds, read or made; null where it holds something else.</summary>
    internal static double? Number(JsonNode? node) => node?.GetValueKind() == JsonValueKind.Number
        ? double.Parse(node.ToJsonString(), CultureInfo.InvariantCulture)
        : null;

    private static bool Says(JsonNode? node, double? value) =>
        value is null ? node is null : Number(node) is { } number && number.Equals(value.Value);

    private static void Write(JsonNode? node, int level, StringBuilder text)
    {
        switch (node)
        {
            case null:
                text.Append("null");
                break;
            case JsonObject { Count: 0 }:
                text.Append("{}");
                break;
            case JsonArray { Count: 0 }:
                text.Append("[]");
                break;
            case JsonObject inner:
                WriteItems('{', inner, (field, t) =>
                {
                    WriteString(field.Key, t);
                    t.Append(": ");
                    Write(field.Value, level + 1, t);
                }, '}', level, text);
                break;
            case JsonArray array:
                WriteItems('[', array, (item, t) => Write(item, level + 1, t), ']', level, text);
                break;
            default:
                WriteValue(node.AsValue(), text);
                break;
        }
    }

    private static void WriteItems<T>(
        char open, IEnumerable<T> items, Action<T, StringBuilder> write, char close, int level, StringBuilder text)
    {
        var separator = open;
        foreach (var item in items)
        {
            text.Append(separator).Append('\n').Append(' ', 2 * (level + 1));
            write(item, text);
            separator = ',';
        }

        text.Append('\n').Append(' ', 2 * level).Append(close);
    }

    private static void WriteValue(JsonValue value, StringBuilder text)
    {
        switch (value.GetValueKind())
        {
            case JsonValueKind.String when JsonMending.WordOf(value.GetValue<string>()) is { } word:
                text.Append(word);
                break;
            case JsonValueKind.String:
                WriteString(value.GetValue<string>(), text);
                break;
            case JsonValueKind.Number:
                // Python keeps whole numbers apart from floats by their spelling.
                var literal = value.ToJsonString();
                var whole = literal.AsSpan().IndexOfAny('.', 'e', 'E') < 0;
                text.Append(whole || !double.IsFinite(Number(value)!.Value) ? literal : Float(Number(value)!.Value));
                break;
            default:
                text.Append(value.ToJsonString());
                break;
        }
    }

    private static void WriteString(string value, StringBuilder text)
    {
        text.Append('"');
        foreach (var c in value)
        {
            _ = c switch
            {
                '"' => text.Append("\\\""),
                '\\' => text.Append("\\\\"),
                '\n' => text.Append("\\n"),
                '\r' => text.Append("\\r"),
                '\t' => text.Append("\\t"),
                '\b' => text.Append("\\b"),
                '\f' => text.Append("\\f"),
                < ' ' or >= '\x7f' => c == '\x7f' ? text.Append(c) : text.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}"),
                _ => text.Append(c),
            };
        }

        text.Append('"');
    }
}

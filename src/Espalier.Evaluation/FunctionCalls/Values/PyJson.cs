using System.Numerics;

namespace Espalier.Evaluation.FunctionCalls.Values;

/// <summary>JSON as Python reads it: a number with a point or an exponent is a <c>float</c>, any other an <c>int</c>.</summary>
internal static class PyJson
{
    /// <summary>Deepest nesting.</summary>
    public const int MaxDepth = 256;

    /// <summary>The value of an element.</summary>
    /// <exception cref="FormatException">A number has more digits than Python reads, or a text half a character.</exception>
    public static PyValue Value(JsonElement element)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.Object:
                var dict = new PyDict();
                foreach (var field in element.EnumerateObject())
                    dict.Set(Text(() => field.Name), Value(field.Value));
                return dict;
            case JsonValueKind.Array:
                return new PyList([.. element.EnumerateArray().Select(Value)]);
            case JsonValueKind.String:
                return new PyText(Text(() => element.GetString()!));
            case JsonValueKind.Number:
                return Number(element.GetRawText());
            case JsonValueKind.True or JsonValueKind.False:
                return new PyBool(element.ValueKind == JsonValueKind.True);
            default:
                return PyNone.Instance;
        }
    }

    private static PyNumber Number(string text)
    {
        if (text.AsSpan().IndexOfAny('.', 'e', 'E') >= 0)
            return new PyFloat(double.Parse(text, NumberStyles.Float, CultureInfo.InvariantCulture));
        return text.Length <= PyNumbers.MaxDigits + 1
            ? new PyInt(BigInteger.Parse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture))
            : throw new FormatException("a number has too many digits");
    }

    private static string Text(Func<string> read)
    {
        try
        {
            return read();
        }
        catch (InvalidOperationException error)
        {
            throw new FormatException("a text has half a character", error);
        }
    }
}

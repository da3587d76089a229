using System.Text;
using Espalier.Evaluation.FunctionCalls.Values;

namespace Espalier.Evaluation.FunctionCalls.Decoding;

/// <summary>
/// Calls as JSON: <c>{"name": ..., "arguments": {...}}</c> as Qwen writes them, <c>"parameters"</c> as Llama 3.1 does, <c>{"function":
/// {...}}</c> as OpenAI's interface has them; one, a list, or several one after the other with commas, semicolons or white space.
/// </summary>
internal static class JsonCalls
{
    private static readonly JsonReaderOptions s_options = new() { AllowMultipleValues = true, MaxDepth = PyJson.MaxDepth };

    /// <summary>Reads the calls of a text.</summary>
    /// <exception cref="NoCallException">It is no JSON, or not of calls.</exception>
    public static List<FunctionCall> Read(string text)
    {
        var calls = new List<FunctionCall>();
        foreach (var value in Values(text))
            Add(value, calls);
        return calls.Count > 0 ? calls : throw new NoCallException("has no JSON");
    }

    /// <summary>Takes the calls out of a value: one, or a list of them.</summary>
    /// <exception cref="NoCallException">It has others among them.</exception>
    public static void Add(PyValue value, List<FunctionCall> calls)
    {
        if (value is PySequence { Items: var items })
            foreach (var item in items)
                calls.Add(Call(item));
        else
            calls.Add(Call(value));
    }

    private static FunctionCall Call(PyValue value)
    {
        var call = value as PyDict;
        if (call?.Get("function") is PyDict inner)
            call = inner;
        if ((call?.Get("name") ?? call?.Get("function")) is not PyText { Text: var name })
            throw new NoCallException("the JSON names no function");
        var arguments = call!.Get("arguments") ?? call.Get("parameters");
        if (arguments is PyText { Text: var text })
            arguments = Values(text) is [var only] ? only : null;
        return arguments is PyDict dict ? new(name, dict) : throw new NoCallException("the JSON has no named arguments");
    }

    private static List<PyValue> Values(string text)
    {
        var values = new List<PyValue>();
        byte[] bytes;
        try
        {
            bytes = new UTF8Encoding(false, throwOnInvalidBytes: true).GetBytes(text);
        }
        catch (EncoderFallbackException)
        {
            throw new NoCallException("has half a character");
        }
        var rest = bytes.AsSpan();
        try
        {
            while (!(rest = rest.TrimStart(" \t\r\n,;"u8)).IsEmpty)
            {
                var reader = new Utf8JsonReader(rest, s_options);
                using var document = JsonDocument.ParseValue(ref reader);
                values.Add(PyJson.Value(document.RootElement));
                rest = rest[(int)reader.BytesConsumed..];
            }
        }
        catch (Exception error) when (error is JsonException or FormatException)
        {
            throw new NoCallException("is not JSON");
        }
        return values;
    }
}

using System.Text.Encodings.Web;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace Espalier.Cli.Rendering;

/// <summary>The one way in which results become JSON: one line, snake_case names, enums as names, absent instead of null.</summary>
internal static class JsonOutput
{
    private static readonly JsonSerializerOptions s_options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DictionaryKeyPolicy = null,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        TypeInfoResolver = new DefaultJsonTypeInfoResolver { Modifiers = { SizeFieldsAttribute.Spread } },
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.KebabCaseLower), new FiniteOrNull() },
    };

    internal static string Serialize<T>(T result, params IEnumerable<(string Name, object? Value)> beside) where T : notnull
    {
        var json = JsonSerializer.SerializeToNode(result, result.GetType(), s_options)!.AsObject();
        foreach (var (name, value) in beside)
            if (value is not null)
                json[name] = JsonSerializer.SerializeToNode(value, value.GetType(), s_options);
        return json.ToJsonString(s_options);
    }

    /// <summary>JSON has no NaN and no infinity: a number that is none becomes null.</summary>
    private sealed class FiniteOrNull : JsonConverter<double>
    {
        public override double Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => reader.GetDouble();

        public override void Write(Utf8JsonWriter writer, double value, JsonSerializerOptions options)
        {
            if (double.IsFinite(value))
                writer.WriteNumberValue(value);
            else
                writer.WriteNullValue();
        }
    }
}

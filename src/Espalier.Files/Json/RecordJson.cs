using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace Espalier.Files;

/// <summary>
/// The form of this program's own records: indented, snake_case, every required field demanded on reading, no name twice.
/// </summary>
internal static class RecordJson
{
    private static readonly JsonSerializerOptions s_options = new()
    {
        WriteIndented = true,
        NewLine = "\n",
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Converters = { new JsonStringEnumConverter() },
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
        AllowDuplicateProperties = false,
        // A loss may be infinite; JSON itself has no number for that.
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        TypeInfoResolver = new DefaultJsonTypeInfoResolver(),
    };

    /// <summary>How a <typeparamref name="T"/> is written and read.</summary>
    public static JsonTypeInfo<T> Of<T>() => (JsonTypeInfo<T>)s_options.GetTypeInfo(typeof(T));
}

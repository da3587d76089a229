using System.Text.Json.Serialization.Metadata;

namespace Espalier.Files;

/// <summary>
/// JSON in its plain form. Like every form of this program it names where types are looked up: a host may have switched reflection off for
/// all that do not (file-based programs have it off).
/// </summary>
internal static class PlainJson
{
    private static readonly JsonSerializerOptions s_options = new() { TypeInfoResolver = new DefaultJsonTypeInfoResolver() };

    /// <summary>How a <typeparamref name="T"/> is written and read.</summary>
    public static JsonTypeInfo<T> Of<T>() => (JsonTypeInfo<T>)s_options.GetTypeInfo(typeof(T));
}

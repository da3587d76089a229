namespace Espalier.Files;

/// <summary>Fields that are lists, each written as one act.</summary>
internal static class JsonLists
{
    /// <summary>A list with what <paramref name="write"/> writes of each item.</summary>
    public static void WriteList<T>(this Utf8JsonWriter json, string name, IEnumerable<T> items, Action<T> write)
    {
        json.WriteStartArray(name);
        foreach (var item in items)
            write(item);
        json.WriteEndArray();
    }

    /// <summary>A list of objects, with the fields that <paramref name="write"/> writes of each item.</summary>
    public static void WriteObjects<T>(this Utf8JsonWriter json, string name, IEnumerable<T> items, Action<T> write) =>
        json.WriteList(name, items, item =>
        {
            json.WriteStartObject();
            write(item);
            json.WriteEndObject();
        });
}

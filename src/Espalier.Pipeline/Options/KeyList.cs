namespace Espalier.Pipeline.Options;

/// <summary>What is done with all keys of a section.</summary>
internal static class KeyList
{
    /// <summary>Reads the keys in their turns.</summary>
    public static S Read<S>(this IEnumerable<Key<S>> keys, SectionFields fields, S start) =>
        keys.OrderBy(key => key.Turn).Aggregate(start, (read, key) => key.Read(fields, read));

    /// <summary>The section with every default written out, one text for each meaning.</summary>
    public static JsonObject Canonical<S>(this IEnumerable<Key<S>> keys, S section)
    {
        var fields = new JsonObject();
        foreach (var key in keys)
            key.AddToCanonical(fields, section);
        return fields;
    }

    /// <summary>What of the section determines a stage.</summary>
    public static JsonObject StageOptions<S>(this IEnumerable<Key<S>> keys, S section)
    {
        var options = new JsonObject();
        foreach (var key in keys)
            key.AddToStageKey(options, section);
        return options;
    }
}

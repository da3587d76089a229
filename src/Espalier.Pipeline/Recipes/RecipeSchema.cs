using Espalier.Pipeline.Options;

namespace Espalier.Pipeline.Recipes;

/// <summary>
/// What a recipe may say, in JSON Schema (draft 7, which editors know best), made from the declarations of the keys. It allows whatever the
/// reader of recipes reads, and refuses unknown keys and wrong kinds; what keys mean beside each other, only the reader knows.
/// </summary>
internal static class RecipeSchema
{
    public static JsonObject Make()
    {
        var sections = new JsonObject();
        foreach (var section in RecipeKeys.Section.All.Skip(1))
            sections[section.Name] = Of(section);
        var schema = new JsonObject { ["$schema"] = "http://json-schema.org/draft-07/schema#", ["title"] = "Espalier recipe" };
        foreach (var (name, value) in Of(RecipeKeys.Section))
            schema[name] = value?.DeepClone();
        schema["definitions"] = sections;
        return schema;
    }

    private static JsonObject Of(Section section)
    {
        var properties = new JsonObject();
        foreach (var key in section.Keys)
        {
            properties[key.Name] = Of(key);
            if (key.OptionName is { } other)
                properties[other] = Of(key);
        }
        var schema = new JsonObject { ["type"] = "object", ["properties"] = properties, ["additionalProperties"] = false };
        if (section.Keys.Where(key => key.IsRequired).Select(key => key.Name).ToArray() is { Length: > 0 } required)
            schema["required"] = Kinds.List(required);
        if (section.OneOf.Count > 0)
            schema["anyOf"] = new JsonArray(
                [.. section.OneOf.Select(name => (JsonNode)new JsonObject { ["required"] = Kinds.List([name]) })]);
        return schema;
    }

    /// <summary>A key without a value has its default.</summary>
    private static JsonObject Of(Key key)
    {
        var schema = key.IsRequired ? Schemas.AnyOf(key.Schema()) : Schemas.AnyOf(key.Schema(), new() { ["type"] = "null" });
        schema["description"] =
            $"{key.Page.ReplaceLineEndings(" ").Replace("\\|", "|", StringComparison.Ordinal)} Default: {key.PageDefault}.";
        return schema;
    }
}

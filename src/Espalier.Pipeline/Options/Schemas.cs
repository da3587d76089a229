using System.Text.Json.Nodes;

namespace Espalier.Pipeline.Options;

/// <summary>
/// What values may be, in JSON Schema. An editor may take a scalar for a number or for a text: where the reader takes both, the schema
/// does.
/// </summary>
internal static class Schemas
{
    private const string Digits = "[0-9]+([.][0-9]*)?([eE][-+]?[0-9]+)?", AnyNumber = $"[-+]?([0-9]*[.])?{Digits}";

    /// <summary>A whole number, or one with k, M, B or T.</summary>
    public static JsonObject Count(long least, long? most = null)
    {
        var number = new JsonObject { ["type"] = "number", ["minimum"] = least };
        if (most is { } limit)
            number["maximum"] = limit;
        return AnyOf(number, Pattern($"^[+]?([0-9]*[.])?{Digits} *[kKmMbBtT]?$"));
    }

    /// <summary>A number.</summary>
    public static JsonObject Number() => AnyOf(new() { ["type"] = "number" }, Pattern($"^{AnyNumber}$"));

    /// <summary>A share.</summary>
    public static JsonObject Share() =>
        AnyOf(new() { ["type"] = "number", ["exclusiveMinimum"] = 0, ["exclusiveMaximum"] = 1 }, Pattern($"^{AnyNumber} *%?$"));

    /// <summary>true or false.</summary>
    public static JsonObject Flag() => new() { ["enum"] = new JsonArray(true, false, "true", "false") };

    /// <summary>A scalar, which is read as a text.</summary>
    public static JsonObject Text() => new() { ["type"] = new JsonArray("string", "number", "boolean") };

    /// <summary>A text of a form.</summary>
    public static JsonObject Pattern(string pattern) => new() { ["type"] = "string", ["pattern"] = pattern };

    /// <summary>One of a few words.</summary>
    public static JsonObject Words(IEnumerable<string> words) => new() { ["enum"] = Kinds.List(words) };

    /// <summary>A list of what one value may be, or one.</summary>
    public static JsonObject OneOrMore(JsonObject one) => AnyOf(one, new() { ["type"] = "array", ["items"] = one.DeepClone() });

    /// <summary>Whatever one of them allows.</summary>
    public static JsonObject AnyOf(params JsonObject[] schemas) => new() { ["anyOf"] = new JsonArray([.. schemas]) };

    /// <summary>A section by its name, or the words that stand for it.</summary>
    public static JsonObject Section(Section section)
    {
        var byName = new JsonObject { ["$ref"] = $"#/definitions/{section.Name}" };
        string[] words = [.. new[] { section.Without, section.Word }.OfType<string>()];
        return words.Length == 0 ? byName : AnyOf(byName, Words(words));
    }
}

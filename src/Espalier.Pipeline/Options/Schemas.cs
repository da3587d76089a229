namespace Espalier.Pipeline.Options;

/// <summary>
/// What values may be, in JSON Schema. An editor may take a scalar for a number or for a text: where the reader takes both, the schema
/// does. Limits are those of the reader for numbers; of texts that are numbers, as far as a pattern can say them.
/// </summary>
internal static class Schemas
{
    /// <summary>A number that is not negative, as a pattern; and the same with a unit of counts.</summary>
    public const string Positive = "[+]?([0-9]*[.])?[0-9]+([.][0-9]*)?([eE][-+]?[0-9]+)?", Quantity = $"{Positive} *[kKmMbBtT]?";

    private const string NoZero = "(?![+]?0*[.]?0*([eE].*|%| )*$)";

    // Whole as it stands, or perhaps by its exponent or unit.
    private const string Whole = $"([+]?[0-9]+([.]0*)?|[+]?[0-9.]+[eE][-+]?[0-9]+|[+]?[0-9.]+([eE][-+]?[0-9]+)? *[kKmMbBtT])";

    /// <summary>A whole number, or one with k, M, B or T.</summary>
    public static JsonObject Count(long least, long? most = null)
    {
        var number = new JsonObject { ["type"] = "integer", ["minimum"] = least };
        if (most is { } limit)
            number["maximum"] = limit;
        return AnyOf(number, Pattern($"^{(least > 0 ? NoZero : "")}{Whole}$"));
    }

    /// <summary>A number within limits that are not negative.</summary>
    public static JsonObject Number(Limits limits) =>
        AnyOf(limits.Schema(), Pattern($"^{(limits.HasLeast ? "" : NoZero)}{Positive}$"));

    /// <summary>A share within limits.</summary>
    public static JsonObject Share(Limits limits) =>
        AnyOf(limits.Schema(), Pattern($"^{NoZero}0*([.][0-9]+|[0-9.]+[eE]-?[0-9]+)$"), Percent());

    /// <summary>Above 0 % and below 100 %.</summary>
    public static JsonObject Percent() => Pattern($"^{NoZero}[+]?(0*[0-9]{{0,2}}([.][0-9]*)?|[0-9.]+[eE][-+]?[0-9]+) *%$");

    /// <summary>true or false.</summary>
    public static JsonObject Flag() => new() { ["enum"] = new JsonArray(true, false, "true", "false") };

    /// <summary>A scalar, which is read as a text.</summary>
    public static JsonObject Text() =>
        new() { ["type"] = new JsonArray("string", "number", "boolean"), ["pattern"] = "^[^ ]([^]*[^ ])?$" };

    /// <summary>A text of a form.</summary>
    public static JsonObject Pattern(string pattern) => new() { ["type"] = "string", ["pattern"] = pattern };

    /// <summary>One of a few words.</summary>
    public static JsonObject Words(IEnumerable<string> words) => new() { ["enum"] = Kinds.List(words) };

    /// <summary>A list of what one value may be, or one.</summary>
    public static JsonObject OneOrMore(JsonObject one, int least = 0)
    {
        var list = new JsonObject { ["type"] = "array", ["items"] = one.DeepClone() };
        if (least > 0)
            list["minItems"] = least;
        return AnyOf(one, list);
    }

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

using Espalier.Models.Grammars.Strings;

namespace Espalier.Models.Grammars.Schemas;

/// <summary>The strings of one schema and of all inside it, which share what they may cost.</summary>
/// <param name="place">What errors call the schema.</param>
internal sealed class SchemaStrings(string place)
{
    private readonly StringCharacters _characters = new();
    private readonly PatternBudget _budget = new(place);
    private readonly Dictionary<(string? Pattern, string? Format, int Least, int? Most), GrammarNode> _known = [];

    public static IReadOnlyList<string> Keywords { get; } = ["minLength", "maxLength", "pattern", "format"];

    /// <summary>The strings that some keywords let in. What says the same is one automaton.</summary>
    /// <exception cref="EspalierException">They say what is not supported, or cost too much.</exception>
    public GrammarNode Of(SchemaKeywords keywords)
    {
        var pattern = Text(keywords, "pattern", "a regular expression");
        var format = Text(keywords, "format", Formats);
        var key = (pattern, format, keywords.Fewest("minLength"), keywords.Most("maxLength"));
        if (_known.TryGetValue(key, out var known))
            return known;
        var patterns = new List<PatternNode>();
        if (pattern is not null)
            patterns.Add(PatternParser.Parse(pattern, keywords.PlaceOf("pattern")));
        if (format is not null)
            patterns.Add(PatternParser.Parse(StringFormats.PatternOf(format) ?? throw keywords.Wrong("format", Formats),
                keywords.PlaceOf("format")));
        return _known[key] = StringGrammar.Of(patterns, key.Item3, key.Item4, _characters, _budget);
    }

    private static string Formats => $"one of {string.Join(", ", StringFormats.Names)}; others are not supported here";

    private static string? Text(SchemaKeywords keywords, string keyword, string meant) => keywords.Of(keyword) is not { } value ? null
        : value.ValueKind == JsonValueKind.String ? value.GetString() : throw keywords.Wrong(keyword, meant);
}

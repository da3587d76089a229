using System.Text.Json;
using Espalier.Files;
using Espalier.Models.Grammars.Strings;

namespace Espalier.Models.Grammars.Schemas;

/// <summary>The strings of one schema and of all inside it, which share what they may cost.</summary>
/// <param name="place">What errors call the schema.</param>
internal sealed class SchemaStrings(string place)
{
    private readonly StringCharacters _characters = new();
    private readonly PatternBudget _budget = new(place);

    /// <summary>The keywords.</summary>
    public static IReadOnlyList<string> Keywords { get; } = ["minLength", "maxLength", "pattern", "format"];

    /// <summary>The strings that some keywords let in.</summary>
    /// <exception cref="EspalierException">They say what is not supported, or cost too much.</exception>
    public GrammarNode Of(SchemaKeywords keywords)
    {
        var patterns = new List<PatternNode>();
        if (keywords.Of("pattern") is { } pattern)
            patterns.Add(PatternParser.Parse(pattern.ValueKind == JsonValueKind.String ? pattern.GetString()!
                : throw keywords.Wrong("pattern", "a regular expression"), keywords.PlaceOf("pattern")));
        if (keywords.Of("format") is { } format)
            patterns.Add(
                PatternParser.Parse(format.ValueKind == JsonValueKind.String && StringFormats.PatternOf(format.GetString()!) is { } known
                ? known : throw keywords.Wrong("format", $"one of {string.Join(", ", StringFormats.Names)}; others are not supported here"),
                keywords.PlaceOf("format")));
        return StringGrammar.Of(patterns, keywords.Count("minLength") ?? 0, keywords.Count("maxLength"), _characters, _budget);
    }
}

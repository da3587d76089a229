using System.Globalization;
using System.Text.Json.Nodes;

namespace Espalier.Pipeline.Options;

/// <summary>How the values of a key are written: read from a recipe or a command line, and written in a canonical text.</summary>
/// <param name="HelpName">What a value looks like in help: <c>N</c>, <c>cosine|linear</c>.</param>
/// <param name="Read">Reads the value of a key that is given.</param>
/// <param name="Write">The one spelling of a value.</param>
/// <param name="IsList">Whether a command line's value is a list with commas between.</param>
/// <param name="IsWord">Whether a command line's value may be in capitals, too.</param>
internal sealed record Kind<T>(string HelpName, Func<SectionFields, string, T> Read, Func<T, JsonNode?> Write, bool IsList = false, bool IsWord = false);

/// <summary>The kinds that keys have.</summary>
internal static class Kinds
{
    /// <summary>A whole number, also with k, M, B or T after it.</summary>
    public static Kind<long> Count(long least = 1) => new("N", (fields, key) => fields.Count(key, least)!.Value, value => value);

    /// <summary>A whole number of 31 bits.</summary>
    public static Kind<int> Size(int least = 1, int most = 1 << 30) => new("N", (fields, key) => fields.Size(key, least, most)!.Value, value => value);

    /// <summary>A number that keeps a rule, which the error says.</summary>
    public static Kind<double> Number(string helpName, Func<double, bool> holds, string rule) =>
        new(helpName, (fields, key) => fields.Number(key, holds, rule)!.Value, value => value);

    /// <summary>The same with a word that stands for null.</summary>
    public static Kind<T?> Or<T>(this Kind<T> kind, string word) where T : struct => new(
        $"{kind.HelpName}|{word}",
        (fields, key) => fields.Text(key) == word ? null : kind.Read(fields, key),
        value => value is { } given ? kind.Write(given) : word);

    /// <summary>true or false.</summary>
    public static Kind<bool> Flag { get; } = new("true|false", (fields, key) => fields.Flag(key)!.Value, value => value);

    /// <summary>The same, of a key that canonical texts have always spelt as a text.</summary>
    public static Kind<bool> FlagAsText { get; } = Flag with { Write = value => value ? "true" : "false" };

    /// <summary>One of an enum's values.</summary>
    public static Kind<T> Choice<T>() where T : struct, Enum =>
        new(string.Join('|', Enum.GetValues<T>().Select(EnumName.Of)), (fields, key) => fields.Choice<T>(key)!.Value, value => EnumName.Of(value), IsWord: true);

    /// <summary>One of a few values, some with several names.</summary>
    public static Kind<T> Choice<T>(IReadOnlyList<(string Name, T Value)> names) where T : struct, Enum =>
        new(string.Join('|', names.Select(entry => entry.Name)), (fields, key) => fields.Choice(key, names)!.Value, value => EnumName.Of(value), IsWord: true);

    /// <summary>A path, or null.</summary>
    public static Kind<string?> Path { get; } = new("PATH", (fields, key) => fields.Text(key), path => path);

    /// <summary>A text that has a reader of its own.</summary>
    public static Kind<T> Parsed<T>(string helpName, Func<string, T> parse, Func<T, string> write) where T : notnull =>
        new(helpName, (fields, key) => fields.Read(key, parse)!, value => write(value));

    /// <summary>A list of texts that has a reader of its own.</summary>
    public static Kind<T> ParsedList<T>(string helpName, Func<IReadOnlyList<string>, T> parse, Func<T, IEnumerable<string>> write) where T : notnull => new(
        helpName,
        (fields, key) => fields.Read(key, _ => parse(fields.Texts(key)!))!,
        value => new JsonArray([.. write(value).Select(text => JsonValue.Create(text))]),
        IsList: true);

    /// <summary>Two numbers.</summary>
    public static Kind<(double First, double Second)> Pair(string helpName, Func<double, bool> holds, string rule) => new(
        helpName,
        (fields, key) => fields.Texts(key) is [var first, var second]
            ? (fields.Number(key, first, holds, rule), fields.Number(key, second, holds, rule))
            : throw fields.Wrong(key, $"it must be a number {rule}"),
        value => new JsonArray(value.First, value.Second),
        IsList: true);

    /// <summary>A canonical value as a command line writes it.</summary>
    public static string Shown(JsonNode? value) => value switch
    {
        JsonArray list => string.Join(',', list.Select(Shown)),
        JsonValue number when number.TryGetValue<double>(out var real) => real.ToString("R", CultureInfo.InvariantCulture).Replace("E-0", "e-", StringComparison.Ordinal),
        _ => value?.ToString() ?? "",
    };
}

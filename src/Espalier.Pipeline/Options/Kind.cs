using Espalier.Compression.Search;

namespace Espalier.Pipeline.Options;

/// <summary>How the values of a key are written: read from a recipe or a command line, and written in a canonical text.</summary>
/// <param name="HelpName">What a value looks like in help: <c>N</c>, <c>cosine|linear</c>.</param>
/// <param name="Read">Reads the value of a key that is given.</param>
/// <param name="Write">The one spelling of a value.</param>
/// <param name="Schema">What a value may be, in JSON Schema: all that is read, and of what is not as much as a schema can say.</param>
internal sealed record Kind<T>(string HelpName, Func<SectionFields, string, T> Read, Func<T, JsonNode?> Write, Func<JsonObject> Schema)
{
    /// <summary>Whether a command line's value is a list with commas between.</summary>
    public bool IsList { get; init; }

    /// <summary>Whether a command line's value may be in capitals, too.</summary>
    public bool IsWord { get; init; }

    /// <summary>The section that a value is, or that it lists; null for other values.</summary>
    public Section? Inner { get; init; }

    /// <summary>Reads the value of an option that is no key of a recipe; errors name the option.</summary>
    /// <param name="name">Its name, without dashes.</param>
    /// <param name="text">What the user gave.</param>
    public T OfOption(string name, string text)
    {
        var key = new Key<object, T>(name, this, _ => throw new NotSupportedException(), (section, _) => section);
        return Read(SectionFields.OfOptions([(name, key.OfText(text))], new("options", [key])), name);
    }
}

/// <summary>The kinds that keys have.</summary>
internal static class Kinds
{
    /// <summary>A whole number, also with k, M, B or T after it.</summary>
    public static Kind<long> Count(long least = 1, long most = 1_000_000_000_000_000) =>
        new("N", (fields, key) => fields.Count(key, least, most)!.Value, value => value, () => Schemas.Count(least));

    /// <summary>A whole number of 31 bits.</summary>
    /// <param name="least">The least.</param>
    /// <param name="most">The largest.</param>
    /// <param name="mostIs">What that is, for the error; null where it is nothing of the user's.</param>
    public static Kind<int> Size(int least = 1, int most = 1 << 30, string? mostIs = null) =>
        new("N", (fields, key) => fields.Size(key, least, most, mostIs)!.Value, value => value, () => Schemas.Count(least, most));

    /// <summary>Bytes with their unit: 500MB, 20GB, 3.5GiB. Without one it would be so many bytes.</summary>
    public static Kind<long> Bytes { get; } = Parsed(
        "SIZE",
        text => text.Length > 0 && char.IsLetter(text[^1]) && Quantity.Bytes(text) is > 0 and < long.MaxValue and { } bytes ? (long)bytes
            : throw new EspalierException($"{OneLine.Shown(text)} is not a size such as 500MB or 20GB"),
        bytes => bytes % 1_000_000_000 == 0 ? $"{bytes / 1_000_000_000}GB" : bytes % 1_000_000 == 0 ? $"{bytes / 1_000_000}MB"
            : string.Create(CultureInfo.InvariantCulture, $"{bytes / 1000m}kB"),
        @"^ *[0-9.]+([eE][+-]?[0-9]+)? *([kK][iI]?[bB]|[mM][iI]?[bB]|[gG][iI]?[bB]|[tT][iI]?[bB]) *$");

    /// <summary>What random choices begin with.</summary>
    public static Kind<long> Seed { get; } = Count(least: 0, most: long.MaxValue);

    /// <summary>A number within limits.</summary>
    /// <param name="helpName">What it looks like.</param>
    /// <param name="limits">The limits.</param>
    /// <param name="rule">What the error says of them; by default the limits.</param>
    public static Kind<double> Number(string helpName, Limits limits, string? rule = null) => new(
        helpName, (fields, key) => fields.Number(key, limits.Hold, rule ?? limits.ToString())!.Value, value => value,
        () => Schemas.Number(limits));

    /// <summary>A share such as 2% or 0.02.</summary>
    public static Kind<double> Share { get; } = ShareOf(Limits.Above(0).Below(1));

    /// <summary>The same within other limits.</summary>
    public static Kind<double> ShareOf(Limits limits) =>
        new("SHARE", (fields, key) => fields.Share(key, limits)!.Value, value => value, () => Schemas.Share(limits));

    /// <summary>The same with a word that stands for null, which errors name beside what else a value may be.</summary>
    public static Kind<T?> Or<T>(this Kind<T> kind, string word) where T : struct => new(
        $"{kind.HelpName}|{word}",
        (fields, key) => fields.Text(key) == word ? null : kind.Read(fields.OrWord(word), key),
        value => value is { } given ? kind.Write(given) : word,
        () => Schemas.AnyOf(kind.Schema(), Schemas.Words([word])));

    /// <summary>The same, or null where the key is absent.</summary>
    public static Kind<T?> OrAbsent<T>(this Kind<T> kind) where T : struct =>
        new(kind.HelpName, (fields, key) => kind.Read(fields, key), value => value is { } given ? kind.Write(given) : null, kind.Schema);

    /// <summary>true or false.</summary>
    public static Kind<bool> Flag { get; } = new("true|false", (fields, key) => fields.Flag(key)!.Value, value => value, Schemas.Flag);

    /// <summary>The same, of a key that canonical texts have always spelt as a text.</summary>
    public static Kind<bool> FlagAsText { get; } = Flag with { Write = value => value ? "true" : "false" };

    /// <summary>One of an enum's values.</summary>
    public static Kind<T> Choice<T>() where T : struct, Enum => new(
        string.Join('|', Names<T>()), (fields, key) => fields.Choice<T>(key)!.Value, value => EnumName.Of(value),
        () => Schemas.Words(Names<T>()))
    { IsWord = true };

    /// <summary>One of a few values, some with several names.</summary>
    public static Kind<T> Choice<T>(IReadOnlyList<(string Name, T Value)> names) where T : struct, Enum => new(
        string.Join('|', names.Select(entry => entry.Name)),
        (fields, key) => fields.Choice(key, names)!.Value,
        value => EnumName.Of(value),
        () => Schemas.Words(names.Select(entry => entry.Name)))
    { IsWord = true };

    /// <summary>Some of an enum's values, each once.</summary>
    public static Kind<IReadOnlyList<T>> Choices<T>() where T : struct, Enum => new(
        "NAME,NAME",
        (fields, key) => [.. fields.Texts(key)!.Select(text => fields.Choice<T>(key, text)).Distinct()],
        values => List(values.Select(EnumName.Of)),
        () => Schemas.OneOrMore(Schemas.Words(Names<T>())))
    { IsList = true, IsWord = true };

    /// <summary>Whole numbers.</summary>
    public static Kind<IReadOnlyList<int>> Counts(string example, int least = 1) => new(
        "N,N",
        (fields, key) =>
        [
            .. fields.Texts(key)!.Select(text => Quantity.Count(text) is { } count && count >= least && count <= 1 << 30 ? (int)count
                : throw fields.At(key, text.Contains(',') ? $"{OneLine.Shown(text)} is one text; give a list of whole numbers, such as "
                    + $"[{example.Replace(",", ", ", StringComparison.Ordinal)}]"
                    : $"{OneLine.Shown(text)} is not a whole number from {least}; give something like {example}")),
        ],
        counts => new JsonArray([.. counts.Select(count => JsonValue.Create(count))]),
        () => Schemas.OneOrMore(Schemas.Count(least)))
    { IsList = true };

    /// <summary>A text that names something, or null: a path, a field.</summary>
    public static Kind<string?> Text(string helpName) => new(helpName, (fields, key) => fields.Text(key), text => text, Schemas.Text);

    /// <summary>A list of texts, or one.</summary>
    public static Kind<IReadOnlyList<string>> Texts(string helpName) => new(
        helpName, (fields, key) => fields.Texts(key)!, List, () => Schemas.OneOrMore(Schemas.Text()))
    { IsList = true };

    /// <summary>A text that has a reader of its own.</summary>
    /// <param name="helpName">What it looks like.</param>
    /// <param name="parse">Reads it.</param>
    /// <param name="write">Its one spelling.</param>
    /// <param name="pattern">What it reads, as a pattern of JSON Schema.</param>
    public static Kind<T> Parsed<T>(string helpName, Func<string, T> parse, Func<T, string> write, string pattern) where T : notnull =>
        new(helpName, (fields, key) => fields.Read(key, fields.Text(key), parse)!, value => write(value), () => Schemas.Pattern(pattern));

    /// <summary>A list of texts that has a reader of its own.</summary>
    /// <inheritdoc cref="Parsed{T}"/>
    public static Kind<T> ParsedList<T>(
        string helpName, Func<IReadOnlyList<string>, T> parse, Func<T, IEnumerable<string>> write, string pattern)
        where T : notnull => new(
        helpName, (fields, key) => fields.Read(key, fields.Texts(key), parse)!, value => List(write(value)),
        () => Schemas.OneOrMore(Schemas.Pattern(pattern)))
        { IsList = true };

    /// <summary>Sizes of an axis: numbers and ranges, one or a list.</summary>
    public static Kind<IReadOnlyList<int>> Sizes { get; } = new(
        "SIZES",
        (fields, key) => fields.Read(key, fields.Texts(key), SizeRange.Parse)!,
        sizes => new JsonArray([.. sizes.Select(size => JsonValue.Create(size))]),
        () => Schemas.OneOrMore(
            Schemas.AnyOf(
                Schemas.Count(1),
                Schemas.Pattern($"^ *{Schemas.Quantity} *- *{Schemas.Quantity} *( step +{Schemas.Quantity} *)?$")),
            least: 1))
    { IsList = true };

    /// <summary>Two numbers.</summary>
    public static Kind<(double First, double Second)> Pair(string helpName, Limits limits, string rule) => new(
        helpName,
        (fields, key) => fields.Texts(key) is [var first, var second]
            ? (fields.Number(key, first, limits.Hold, rule), fields.Number(key, second, limits.Hold, rule))
            : throw fields.Wrong(key, $"it must be a number {rule}"),
        value => new JsonArray(value.First, value.Second),
        () => new() { ["type"] = "array", ["items"] = Schemas.Number(limits), ["minItems"] = 2, ["maxItems"] = 2 })
    { IsList = true };

    /// <summary>A section inside the section.</summary>
    public static Kind<T> Section<T>(Section section, Func<SectionFields, T> read, Func<T, JsonNode?> write) =>
        new("", (fields, key) => read(fields.Section(key)!), write, () => Schemas.Section(section)) { Inner = section };

    /// <summary>A list of texts in a canonical text.</summary>
    public static JsonArray List(IEnumerable<string> texts) => new([.. texts.Select(text => JsonValue.Create(text))]);

    /// <summary>A canonical value as a command line writes it.</summary>
    public static string Shown(JsonNode? value) => value switch
    {
        JsonArray list => string.Join(',', list.Select(Shown)),
        JsonValue number when number.TryGetValue<double>(out var real) =>
            real.ToString("R", CultureInfo.InvariantCulture).Replace("E-0", "e-", StringComparison.Ordinal),
        _ => value?.ToString() ?? "",
    };

    private static IEnumerable<string> Names<T>() where T : struct, Enum => Enum.GetValues<T>().Select(EnumName.Of);
}

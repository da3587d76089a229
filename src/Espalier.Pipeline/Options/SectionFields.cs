namespace Espalier.Pipeline.Options;

/// <summary>
/// The keys of one section, read with their types checked. Errors name the file and the line, or the option of a command, and the way out.
/// </summary>
internal sealed class SectionFields
{
    private readonly Dictionary<string, YamlValue> _values = new(StringComparer.Ordinal);
    private readonly string? _source;
    private readonly Section _section;
    private readonly long _line;
    private readonly string _prefix = "";
    private readonly string? _word;

    /// <summary>Takes a section; unknown keys are refused here.</summary>
    /// <param name="map">The section.</param>
    /// <param name="source">The file; null for options of a command.</param>
    /// <param name="section">The keys that it may have.</param>
    /// <param name="unknown">Receives what is said of unknown keys, with their lines, where they are not to be refused.</param>
    public SectionFields(YamlMap map, string? source, Section section, List<(long Line, string What)>? unknown = null)
    {
        if (source is null)
            _prefix = section.Name == "hidden" ? "--hidden-" : "--";
        (_source, _section, _line) = (source, section, map.Line);
        foreach (var (key, value) in map.Entries)
        {
            if (section.Find(key.Text) is not { Name: var name })
            {
                var error = At(
                    key.Line,
                    $"there is no key {Path(OneLine.Shown(key.Text))}: "
                        + $"{section.WhyNot(key.Text) ?? NearestName.Instead(key.Text, section.Names)}");
                if (unknown is null)
                    throw error;
                unknown.Add((key.Line, error.Message));
                continue;
            }
            if (value is not YamlText { IsEmpty: true } && !_values.TryAdd(name, value))
                throw At(key.Line, $"{Path(key.Text)} is another name for {Path(name)}, which is also given; keep one of the two");
        }
    }

    private SectionFields(SectionFields of, string word) =>
        (_values, _source, _section, _line, _prefix, _word) = (of._values, of._source, of._section, of._line, of._prefix, word);

    /// <summary>The same where a value may also be a word: errors about a value end in it.</summary>
    public SectionFields OrWord(string word) => new(this, word);

    /// <summary>
    /// What is wrong with keys and values by themselves, in a section and all that lie in it, with their lines: one error leaves the others
    /// to be found. What keys are to each other is not looked at, for that may be a consequence.
    /// </summary>
    public static List<(long Line, string What)> Problems(YamlMap map, string source, Section section)
    {
        var problems = new List<(long Line, string What)>();
        var fields = new SectionFields(map, source, section, problems);
        foreach (var key in section.Keys)
            if (fields.Find(key.Name) is { } value)
                try
                {
                    if (key.Inner is { } inner)
                        // A map without a key of the section is something else that may stand there, such as a name and a path.
                        foreach (var part in (value is YamlList list ? list.Items : [value]).OfType<YamlMap>()
                            .Where(part => part.Entries.Any(entry => inner.Find(entry.Key.Text) is not null)))
                            problems.AddRange(Problems(part, source, section.Name.Length == 0 || inner.Name == key.Name ? inner
                                : inner with { Name = $"{section.Name}.{key.Name}" }));
                    else
                        key.Check(fields);
                }
                catch (EspalierException error)
                {
                    problems.Add((value.Line, error.Message));
                }
        return problems;
    }

    /// <summary>What options of a command say, as a section: errors name the option. A section inside is a map.</summary>
    public static SectionFields OfOptions(IEnumerable<(string Key, YamlValue Value)> given, Section section) =>
        new(new YamlMap([.. given.Select(option => (new YamlText(option.Key, Quoted: true, Line: 0), option.Value))], Line: 0),
            source: null, section);

    /// <summary>Whether the key has a value.</summary>
    public bool Has(string key) => Find(key) is not null;

    /// <summary>Whether a section is there, and not the word that says that there is none.</summary>
    public bool Holds(string key) => Find(key) is { } value && !(value is YamlText { Text: var word } && word == KeyOf(key).Inner!.Without);

    /// <summary>Text of one scalar; null where absent.</summary>
    public string? Text(string key) => Find(key) switch
    {
        null => null,
        YamlText { Text: var text } when text.Trim() == text && text.Length > 0 && !text.Contains('\0') => text,
        YamlText { Text: var blank } when string.IsNullOrWhiteSpace(blank) =>
            throw Wrong(key, _source is null ? "give a value, or leave the option out" : "give a value, or leave the key out"),
        YamlText => throw Wrong(key, "it must be text without spaces around it"),
        _ => throw Wrong(key, "it must be one value, not a list or a map"),
    };

    /// <summary>Texts of a list, where one may stand alone; null where absent.</summary>
    public IReadOnlyList<string>? Texts(string key) => Find(key) switch
    {
        null => null,
        YamlList { Items: var items } =>
            [.. items.Select(item => item is YamlText { IsEmpty: false, Text: { Length: > 0 } text } && !text.Contains('\0')
            ? text
            : throw At(item.Line, $"{Path(key)} must list texts"))],
        YamlText => [Text(key)!],
        _ => throw Wrong(key, "it must be a text or a list of texts"),
    };

    /// <summary>A whole number, with or without k, M, B, T; null where absent.</summary>
    /// <param name="key">The key.</param>
    /// <param name="least">Its least value.</param>
    /// <param name="most">Its largest value.</param>
    /// <param name="mostIs">What that is, for the error; null where it is nothing of the user's.</param>
    public long? Count(string key, long least = 1, long most = 1_000_000_000_000_000, string? mostIs = null) =>
        Text(key) is not { } text ? null
        : Quantity.Count(text) is { } count && count >= least && count <= most ? count
        : throw Wrong(key, $"it must be a whole number from {least} to {most}{(mostIs is null ? "" : $", {mostIs}")}"
            + (most >= 1000 ? " (300k and 1M are accepted)" : ""));

    /// <summary>A whole number that fits into 31 bits; null where absent.</summary>
    /// <inheritdoc cref="Count"/>
    public int? Size(string key, int least = 1, int most = 1 << 30, string? mostIs = null) => (int?)Count(key, least, most, mostIs);

    /// <summary>A number in a range; null where absent.</summary>
    public double? Number(string key, Func<double, bool> holds, string rule) =>
        Text(key) is { } text ? Number(key, text, holds, rule) : null;

    /// <summary>A number that is part of the key's text.</summary>
    public double Number(string key, string text, Func<double, bool> holds, string rule) =>
        Quantity.Number(text) is { } number && holds(number) ? number : throw Wrong(key, $"it must be a number {rule}");

    /// <summary>A share such as 2% or 0.02, above 0 and below 1; null where absent.</summary>
    public double? Share(string key) => Share(key, Limits.Above(0).Below(1));

    /// <summary>The same within other limits.</summary>
    public double? Share(string key, Limits limits) =>
        Text(key) is not { } text ? null
        : Quantity.Share(text) is { } share && limits.Hold(share) ? share
        : throw Wrong(key, $"it must be a share such as 2% or 0.02, {limits}");

    /// <summary>One of an enum's values by its name in kebab-case; null where absent.</summary>
    public T? Choice<T>(string key) where T : struct, Enum => Text(key) is { } text ? Choice<T>(key, text) : null;

    /// <summary>One of a few values that have names of their own, some of them several; null where absent.</summary>
    public T? Choice<T>(string key, IReadOnlyList<(string Name, T Value)> names) where T : struct
    {
        if (Text(key) is not { } text)
            return null;
        foreach (var (name, value) in names)
            if (name == text)
                return value;
        throw Unknown(key, text, names.Select(entry => entry.Name));
    }

    /// <summary>true or false; null where absent.</summary>
    public bool? Flag(string key) => Text(key) switch
    {
        null => null,
        "true" => true,
        "false" => false,
        _ => throw Wrong(key, "it must be true or false"),
    };

    /// <summary>A value that has a reader of its own, whose complaint gets its place in the file; null where absent.</summary>
    public T? Read<TGiven, T>(string key, TGiven? given, Func<TGiven, T> parse) where TGiven : class where T : notnull
    {
        if (given is null)
            return default;
        try
        {
            return parse(given);
        }
        catch (EspalierException error)
        {
            throw At(key, error.Message);
        }
    }

    /// <summary>The enum's value of that name.</summary>
    public T Choice<T>(string key, string text) where T : struct, Enum
    {
        foreach (var value in Enum.GetValues<T>())
            if (EnumName.Of(value) == text)
                return value;
        throw Unknown(key, text, Enum.GetValues<T>().Select(EnumName.Of));
    }

    /// <summary>A section inside this one; null where absent.</summary>
    public SectionFields? Section(string key)
    {
        var inner = KeyOf(key).Inner!;
        return Find(key) switch
        {
            null => null,
            YamlMap map => new(map, _source, inner),
            // A word that stands for a section without any key.
            YamlText { Text: var word, Line: var line } when inner.Word == word => new(new YamlMap([], line), _source, inner),
            var other => throw Wrong(key, NoSection(inner, other)),
        };
    }

    private static string NoSection(Section inner, YamlValue value)
    {
        var section = $"a section: {{ {string.Join(", ", inner.Names.Take(3).Select(name => $"{name}: ..."))} }}";
        string[] words = [.. new[] { inner.Without, inner.Word }.OfType<string>()];
        return $"it must be {string.Concat(words.Select(word => $"{word} or "))}{section}"
            + (value is YamlText { Text: var text } && NearestName.Nearest(text, words) is { } nearest ? $". Did you mean {nearest}?" : "");
    }

    /// <summary>An item of a list as a section of its own kind.</summary>
    /// <param name="item">The item.</param>
    /// <param name="key">The key that the list is of.</param>
    /// <param name="name">What errors call it; null as the section is called.</param>
    public SectionFields Inside(YamlValue item, string key, string? name = null)
    {
        var inner = KeyOf(key).Inner!;
        return item is YamlMap map ? new(map, _source, name is null ? inner : inner with { Name = name })
            : throw At(item.Line, $"{Path(key)} must list maps such as {{ {inner.Names[0]}: ... }}");
    }

    /// <summary>The value as it stands; null where absent.</summary>
    public YamlValue? Find(string key) => _values.GetValueOrDefault(KeyOf(key).Name);

    /// <summary>An error about a value: where, what it is, and what it should be.</summary>
    public EspalierException Wrong(string key, string rule)
    {
        var value = Find(key);
        var what = value switch { YamlText text => OneLine.Shown(text.Text), YamlList => "a list", YamlMap => "a map", _ => "missing" };
        return At(value?.Line ?? _line, $"{Path(key)} is {what}; {rule}{(_word is null ? "" : $", or {_word}")}");
    }

    /// <summary>An error about a value that is none of the known ones.</summary>
    public EspalierException Unknown(string key, string text, IEnumerable<string> known)
    {
        var names = known.ToArray();
        return At(Find(key)?.Line
            ?? _line,
            $"{Path(key)}: {OneLine.Shown(text)} is not known.{NearestName.Hint(text, names)} Known: {string.Join(", ", names)}");
    }

    /// <summary>An error about a key that must be there.</summary>
    public EspalierException Missing(string key, string example) =>
        At(_line, _source is null ? $"{Path(key)} is missing; give it" : $"{Path(key)} is missing; give it, as in: {example}");

    /// <summary>An error at a key.</summary>
    public EspalierException At(string key, string what) => At(Find(key)?.Line ?? _line, $"{Path(key)}: {what}");

    /// <summary>An error at a line of the file.</summary>
    public EspalierException At(long line, string what) =>
        new(_source is null ? what.Replace($" {_section.Name}.", " --", StringComparison.Ordinal) : $"{_source}, line {line}: {what}");

    private string Path(string key) =>
        _source is null ? $"{_prefix}{_section.Find(key)?.OptionName ?? key}" : _section.Name.Length == 0 ? key : $"{_section.Name}.{key}";

    private Key KeyOf(string key) => _section.Find(key) ?? throw new ArgumentException($"{Path(key)} is not declared", nameof(key));
}

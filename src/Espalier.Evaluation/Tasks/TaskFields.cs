using Espalier.Evaluation.Tasks.Templates;

namespace Espalier.Evaluation.Tasks;

/// <summary>Reads the keys of a task's file; what nobody asked for is unknown.</summary>
internal sealed class TaskFields(YamlMap map, string source)
{
    private readonly Dictionary<string, YamlValue> _values = map.Entries.ToDictionary(entry => entry.Key.Text, entry => entry.Value);
    private readonly HashSet<string> _asked = new(StringComparer.Ordinal);

    /// <summary>Where a key stands, for messages.</summary>
    public string Place(string key) => $"{source}, line {(_values.TryGetValue(key, out var value) ? value.Line : map.Line)}: {key}";

    /// <summary>A text that must be there.</summary>
    public string Text(string key) => TextOrNull(key) ?? throw Missing(key);

    /// <summary>A text, or null.</summary>
    public string? TextOrNull(string key) => Value(key) switch
    {
        null => null,
        YamlText text => text.Text,
        _ => throw new EspalierException($"{Place(key)} must be a text"),
    };

    /// <summary>A text or a list of texts, or null.</summary>
    public IReadOnlyList<string>? Texts(string key) => Value(key) switch
    {
        null => null,
        YamlText text => [text.Text],
        YamlList { Items: { Count: > 0 } items } when items.All(item => item is YamlText) =>
            [.. items.Select(item => ((YamlText)item).Text)],
        _ => throw new EspalierException($"{Place(key)} must be a text or a list of texts"),
    };

    /// <summary>A text with fields that must be there.</summary>
    public Template Template(string key) => Tasks.Templates.Template.Parse(Text(key), Place(key));

    /// <summary>A text with fields, or null.</summary>
    public Template? TemplateOrNull(string key) => TextOrNull(key) is { } text ? Tasks.Templates.Template.Parse(text, Place(key)) : null;

    /// <summary>A whole number, or a default.</summary>
    public int Number(string key, int byDefault, int least = 0) => TextOrNull(key) is not { } text ? byDefault
        : Quantity.Count(text) is { } number && number >= least && number <= int.MaxValue ? (int)number
        : throw new EspalierException($"{Place(key)} is '{text}'; it must be a whole number from {least}");

    /// <summary>A number within limits, or a default.</summary>
    public double Number(string key, double byDefault, double least, double most) => TextOrNull(key) is not { } text ? byDefault
        : double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var value)
            && value >= least && value <= most ? value
        : throw new EspalierException(string.Create(CultureInfo.InvariantCulture,
            $"{Place(key)} is '{text}'; it must be a number from {least} to {most}"));

    /// <summary>One of some words, or a default.</summary>
    public T Word<T>(string key, T byDefault, params (string Word, T Value)[] words)
    {
        if (TextOrNull(key) is not { } text)
            return byDefault;
        var found = Array.FindIndex(words, word => word.Word == text);
        return found >= 0 ? words[found].Value
            : throw new EspalierException(
                $"{Place(key)} is '{text}'; it must be one of {string.Join(", ", words.Select(word => word.Word))}."
                + NearestName.Hint(text, words.Select(word => word.Word)));
    }

    /// <summary>A mapping inside, or null.</summary>
    public TaskFields? Inner(string key) => Value(key) switch
    {
        null => null,
        YamlMap inner => new(inner, source),
        _ => throw new EspalierException($"{Place(key)} must be keys with values"),
    };

    /// <summary>Whether a key is there and a mapping.</summary>
    public bool IsMap(string key) => _values.TryGetValue(key, out var value) && value is YamlMap;

    /// <summary>Mappings inside a mapping, each with its name, in their order; none where the key is not there.</summary>
    public IReadOnlyList<(string Name, TaskFields Fields)> Named(string key) => Value(key) switch
    {
        null => [],
        YamlMap inner => [.. inner.Entries.Select(entry => (entry.Key.Text, entry.Value is YamlMap map ? new TaskFields(map, source)
            : throw new EspalierException($"{source}, line {entry.Value.Line}: {key}.{entry.Key.Text} must be keys with values")))],
        _ => throw new EspalierException($"{Place(key)} must be names, each with its own keys"),
    };

    /// <summary>Yes or no, or a default.</summary>
    public bool Switch(string key, bool byDefault) => Word(key, byDefault, ("true", true), ("false", false));

    /// <summary>Refuses what is left.</summary>
    public void Close()
    {
        foreach (var key in _values.Keys.Except(_asked))
            throw new EspalierException(
                $"{Place(key)} is not a key here; known: {string.Join(", ", _asked.Order(StringComparer.Ordinal))}."
                + NearestName.Hint(key, _asked));
    }

    private YamlValue? Value(string key)
    {
        _asked.Add(key);
        return _values.TryGetValue(key, out var value) && value is not YamlText { IsEmpty: true } ? value : null;
    }

    /// <summary>What is said of a key that is not there.</summary>
    public EspalierException Missing(string key) => new($"{source}: {key} is missing{Near(key)}");

    // A key of nearly that name, which nobody asked for.
    private string Near(string key) =>
        _values.Keys.Except(_asked).FirstOrDefault(given => NearestName.Hint(given, [key]).Length > 0) is { } wrong
        ? $"; did you mean {Place(wrong)}?" : "";
}

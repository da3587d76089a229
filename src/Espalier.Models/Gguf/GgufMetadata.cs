using System.Diagnostics.CodeAnalysis;

namespace Espalier.Models.Gguf;

/// <summary>
/// The keys and values at the head of a GGUF file, in file order. A value is one of <see cref="uint"/>, <see cref="int"/>,
/// <see cref="float"/>, <see cref="bool"/>, <see cref="string"/>, the other fixed-width numbers, or an array of one of these.
/// </summary>
[SuppressMessage("Naming", "CA1710:Identifiers should have correct suffix", Justification = "It is the file's metadata.")]
internal sealed class GgufMetadata : IReadOnlyCollection<KeyValuePair<string, object>>
{
    private readonly List<KeyValuePair<string, object>> _entries = [];
    private readonly Dictionary<string, object> _values = new(StringComparer.Ordinal);

    public int Count => _entries.Count;

    /// <summary>Appends a key.</summary>
    /// <exception cref="ArgumentException">The key is there already, or GGUF has no type for the value.</exception>
    public void Add(string key, object value)
    {
        GgufValueTypes.Of(value);
        _values.Add(key, value);
        _entries.Add(new(key, value));
    }

    /// <summary>The value of a key, of exactly this type.</summary>
    /// <exception cref="EspalierException">The key is missing or of another type.</exception>
    public T Get<T>(string key)
        => _values.TryGetValue(key, out var value)
            ? value is T typed ? typed
            : throw new EspalierException($"GGUF key '{key}' is of type {value.GetType().Name}; {typeof(T).Name} was expected")
            : throw new EspalierException($"GGUF key '{key}' is missing");

    /// <summary>The value of a key; null where it is missing.</summary>
    public object? Find(string key) => _values.GetValueOrDefault(key);

    public bool Contains(string key) => _values.ContainsKey(key);

    public IEnumerator<KeyValuePair<string, object>> GetEnumerator() => _entries.GetEnumerator();

    System.Collections.IEnumerator System.Collections.IEnumerable.GetEnumerator() => GetEnumerator();
}

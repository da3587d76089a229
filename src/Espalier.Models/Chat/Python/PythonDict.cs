namespace Espalier.Models.Chat.Python;

/// <summary>Python's dict: keeps the order of its keys; 1, 1.0 and True are one key.</summary>
internal sealed class PythonDict
{
    private readonly OrderedDictionary<Key, object?> _entries = [];

    public int Count => _entries.Count;

    /// <summary>The keys in their order.</summary>
    public IEnumerable<object?> Keys => _entries.Keys.Select(static key => key.Value);

    /// <summary>The values in their keys' order.</summary>
    public IEnumerable<object?> Values => _entries.Values;

    public IEnumerable<(object? Key, object? Value)> Items => _entries.Select(static entry => (entry.Key.Value, entry.Value));

    /// <summary>Sets a key's value; a new key comes last.</summary>
    /// <exception cref="TemplateFault">The key is a list or a dict.</exception>
    public object? this[object? key]
    {
        set => _entries[Key.Of(key)] = value;
    }

    /// <summary>The value of a key.</summary>
    /// <exception cref="TemplateFault">The key is a list or a dict.</exception>
    public bool TryGet(object? key, out object? value) => _entries.TryGetValue(Key.Of(key), out value);

    public static PythonDict Of(IEnumerable<(object? Key, object? Value)> items)
    {
        var dict = new PythonDict();
        foreach (var (key, value) in items)
            dict[key] = value;
        return dict;
    }

    /// <summary>A key by Python's equality.</summary>
    internal readonly record struct Key(object? Value)
    {
        public static Key Of(object? value) =>
            PythonOrder.IsHashable(value) ? new(value) : throw new TemplateFault($"a {PythonValues.TypeName(value)} cannot be a key");

        public bool Equals(Key other) => PythonOrder.AreEqual(Value, other.Value, null);

        public override int GetHashCode() => PythonOrder.Hash(Value);
    }
}

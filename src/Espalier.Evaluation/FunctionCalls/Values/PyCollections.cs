using System.Text;

namespace Espalier.Evaluation.FunctionCalls.Values;

/// <summary>A <c>list</c> or a <c>tuple</c>.</summary>
internal abstract class PySequence(IReadOnlyList<PyValue> items) : PyValue
{
    /// <summary>What is in it.</summary>
    public IReadOnlyList<PyValue> Items => items;

    public override bool IsEqual(PyValue other) => other.GetType() == GetType() && AreEqual(items, ((PySequence)other).Items);

    /// <summary>Whether two have equal items in the same order.</summary>
    public static bool AreEqual(IReadOnlyList<PyValue> one, IReadOnlyList<PyValue> other)
    {
        if (one.Count != other.Count)
            return false;
        for (var i = 0; i < one.Count; i++)
            if (!one[i].IsEqual(other[i]))
                return false;
        return true;
    }

    /// <summary>Writes the items with commas between brackets.</summary>
    protected void WriteItems(StringBuilder text, char open, string close)
    {
        text.Append(open);
        PyTexts.WriteList(items, text, item => item.Write(text));
        text.Append(close);
    }
}

/// <summary>A <c>list</c>.</summary>
internal sealed class PyList(IReadOnlyList<PyValue> items) : PySequence(items)
{
    public override string TypeName => "list";

    public override void Write(StringBuilder text) => WriteItems(text, '[', "]");
}

/// <summary>A <c>tuple</c>.</summary>
internal sealed class PyTuple(IReadOnlyList<PyValue> items) : PySequence(items)
{
    public override string TypeName => "tuple";

    public override void Write(StringBuilder text) => WriteItems(text, '(', Items.Count == 1 ? ",)" : ")");
}

/// <summary>A <c>dict</c>: its keys stay in the order in which they came first, and a later value replaces an earlier one.</summary>
internal sealed class PyDict : PyValue
{
    private readonly List<KeyValuePair<PyValue, PyValue>> _entries = [];
    private readonly Dictionary<string, int> _texts = new(StringComparer.Ordinal);
    private readonly List<int> _others = [];

    /// <summary>The entries in their order.</summary>
    public IReadOnlyList<KeyValuePair<PyValue, PyValue>> Entries => _entries;

    public override string TypeName => "dict";

    /// <summary>Whether a value may be a key: lists and dicts may not, nor tuples with such.</summary>
    public static bool IsHashable(PyValue value) => value is not (PyList or PyDict)
        && (value is not PyTuple tuple || tuple.Items.All(IsHashable));

    /// <summary>The value of a key, or null.</summary>
    public PyValue? Get(PyValue key) => Find(key) is >= 0 and var at ? _entries[at].Value : null;

    /// <summary>The value of a text, or null.</summary>
    public PyValue? Get(string key) => _texts.TryGetValue(key, out var at) ? _entries[at].Value : null;

    /// <summary>Sets the value of a key.</summary>
    public void Set(string key, PyValue value) => Set(new PyText(key), value);

    /// <summary>Sets the value of a key.</summary>
    public void Set(PyValue key, PyValue value)
    {
        if (Find(key) is >= 0 and var at)
        {
            _entries[at] = new(_entries[at].Key, value);
            return;
        }
        if (key is PyText { Text: var text })
            _texts.Add(text, _entries.Count);
        else
            _others.Add(_entries.Count);
        _entries.Add(new(key, value));
    }

    public override bool IsEqual(PyValue other) => other is PyDict dict && dict._entries.Count == _entries.Count
        && _entries.All(entry => dict.Get(entry.Key) is { } value && entry.Value.IsEqual(value));

    public override void Write(StringBuilder text)
    {
        text.Append('{');
        PyTexts.WriteList(_entries, text, entry =>
        {
            entry.Key.Write(text);
            text.Append(": ");
            entry.Value.Write(text);
        });
        text.Append('}');
    }

    private int Find(PyValue key)
    {
        if (key is PyText { Text: var text })
            return _texts.TryGetValue(text, out var at) ? at : -1;
        foreach (var other in _others)
            if (_entries[other].Key.IsEqual(key))
                return other;
        return -1;
    }
}

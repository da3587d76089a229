using System.Text;
using Espalier.Evaluation.FunctionCalls.Values;

namespace Espalier.Evaluation.FunctionCalls.Checking;

/// <summary>When a value is one of the right ones (bfcl_eval/eval_checker/ast_eval/ast_checker.py).</summary>
internal static class ValueRules
{
    /// <summary>Texts: without <c>[ ,./-_*^]</c>, in lower case, single quotes as double ones.</summary>
    public static CallFinding? CheckText(string name, PyText value, IReadOnlyList<PyValue> right)
    {
        var folded = Folded(value.Text);
        return right.Any(one => one is PyText { Text: var text } && Folded(text) == folded) ? null
            : new(CallFaults.TextValue, $"has {PyTexts.Clipped(value)} for {name}; {OneOf(right)} was expected");
    }

    /// <summary>Lists: equal items in the same order, texts among them folded.</summary>
    public static CallFinding? CheckList(string name, PyList value, IReadOnlyList<PyValue> right)
    {
        var folded = Folded(value.Items);
        return right.Any(one => Alternatives(one) is { } items && PySequence.AreEqual(folded, Folded(items))) ? null
            : new(CallFaults.ListValue, $"has {PyTexts.Clipped(value)} for {name}; {OneOf(right)} was expected");
    }

    /// <summary>Dicts: known keys with right values, and the keys that may not be left out.</summary>
    public static CallFinding? CheckDict(string name, PyDict value, IReadOnlyList<PyValue> right)
    {
        CallFinding? finding = new(CallFaults.Dict, $"has a dict for {name}, but no dict is correct");
        foreach (var one in right)
        {
            if (one is not PyDict keys)
                continue;
            finding = CheckDict(name, value, keys);
            if (finding is null)
                return null;
        }
        return finding;
    }

    /// <summary>Lists of dicts: as many, in the same order.</summary>
    public static CallFinding? CheckDicts(string name, PyList value, IReadOnlyList<PyValue> right)
    {
        CallFinding? finding = new(CallFaults.DictList, $"has dicts for {name}, but no dicts are correct");
        foreach (var one in right)
        {
            var wanted = Alternatives(one) ?? [];
            if (wanted.Count != value.Items.Count)
            {
                finding = new(CallFaults.DictCount, $"has {value.Items.Count} dicts for {name}; {wanted.Count} were expected");
                continue;
            }
            finding = null;
            for (var i = 0; i < wanted.Count && finding is null; i++)
                finding = value.Items[i] is PyDict dict ? CheckDict(name, dict, [wanted[i]])
                    : new(CallFaults.ItemType, $"has an item in {name} that is not a dict: {PyTexts.Clipped(value.Items[i])}");
            if (finding is null)
                return null;
        }
        return finding;
    }

    /// <summary>The right values, for a message.</summary>
    public static string OneOf(IReadOnlyList<PyValue> right) =>
        (right.Count > 1 ? "one of " : "") + string.Join(", ", right.Take(8).Select(PyTexts.Clipped)) + (right.Count > 8 ? ", ..." : "");

    /// <summary>A text as it is compared.</summary>
    public static string Folded(string text)
    {
        var folded = new StringBuilder(text.Length);
        foreach (var c in text)
            if (c is not (' ' or ',' or '.' or '/' or '-' or '_' or '*' or '^'))
                folded.Append(c == '\'' ? '"' : c);
        return folded.ToString().ToLowerInvariant();
    }

    private static CallFinding? CheckDict(string name, PyDict value, PyDict right)
    {
        CallFinding? finding = null;
        foreach (var (key, entry) in value.Entries)
        {
            if (right.Get(key) is not { } values)
            {
                finding = new(CallFaults.DictKey, $"has the unknown key {PyTexts.Clipped(key)} in {name}");
                break;
            }
            var folded = Folded(entry);
            var alternatives = Alternatives(values) ?? [];
            if (!alternatives.Any(one => folded.IsEqual(Folded(one))))
            {
                finding = new(CallFaults.DictValue,
                    $"has {PyTexts.Clipped(entry)} for {PyTexts.Clipped(key)} in {name}; {OneOf(alternatives)} was expected");
                break;
            }
        }
        foreach (var (key, values) in right.Entries)
            if (value.Get(key) is null && !MayBeLeftOut(values))
                return new(CallFaults.DictKey, $"lacks the key {PyTexts.Clipped(key)} in {name}");
        return finding;
    }

    // Python's '"" in values': of a text it always holds.
    private static bool MayBeLeftOut(PyValue values) => values is PyText
        || (values is PyList { Items: var items } && items.Any(item => item.IsText("")))
        || (values is PyDict dict && dict.Get("") is not null);

    // What Python's indexing goes through: the items of a list, the characters of a text.
    private static IReadOnlyList<PyValue>? Alternatives(PyValue value) => value switch
    {
        PyList { Items: var items } => items,
        PyText { Text: var text } => [.. text.EnumerateRunes().Select(rune => new PyText(rune.ToString()))],
        _ => null,
    };

    private static PyValue Folded(PyValue value) => value is PyText { Text: var text } ? new PyText(Folded(text)) : value;

    private static PyValue[] Folded(IReadOnlyList<PyValue> values) => [.. values.Select(Folded)];
}

namespace Espalier.Models.Chat.Python;

/// <summary>What Python does with everything that has entries: length, walking over, membership, subscripts, slices.</summary>
internal static class PythonSequences
{
    /// <summary><c>len(value)</c>; null where it has none.</summary>
    public static long? Length(object? value) => value switch
    {
        string text => CodePoints.Count(text),
        Markup markup => CodePoints.Count(markup.Text),
        List<object?> list => list.Count,
        PythonTuple tuple => tuple.Items.Count,
        PythonDict dict => dict.Count,
        DictView view => view.Dict.Count,
        PythonRange range => range.Count,
        Undefined => 0,
        ISized sized => sized.Length,
        _ => null,
    };

    /// <summary>The entries of a value, as <c>for</c> walks over them; null where it has none.</summary>
    public static IEnumerable<object?>? Iterate(object? value) => value switch
    {
        string text => CodePoints.Each(text),
        Markup markup => CodePoints.Each(markup.Text).Select(static c => new Markup(c)),
        List<object?> list => list,
        PythonTuple tuple => tuple.Items,
        PythonDict dict => dict.Keys,
        DictView view => view.Entries,
        PythonRange range => Enumerable.Range(0, (int)range.Count).Select(index => range[index]),
        OneShot once => once.Rest(),
        Undefined => [],
        _ => null,
    };

    /// <summary>The entries of a value, each of them counted.</summary>
    /// <exception cref="TemplateFault">It has none.</exception>
    public static IEnumerable<object?> RequireEntries(object? value, Budget budget)
    {
        return Counted(Iterate(value) ?? throw new TemplateFault($"'{PythonValues.TypeName(value)}' is not iterable"));

        IEnumerable<object?> Counted(IEnumerable<object?> entries)
        {
            foreach (var entry in entries)
            {
                budget.Step();
                yield return entry;
            }
        }
    }

    /// <summary><c>list(value)</c>.</summary>
    public static List<object?> List(object? value, Budget budget)
    {
        var list = new List<object?>();
        foreach (var entry in RequireEntries(value, budget))
        {
            budget.Entries(1);
            list.Add(entry);
        }
        return list;
    }

    /// <summary><c>item in value</c>.</summary>
    public static bool Contains(object? value, object? item, Budget budget)
    {
        if (PythonValues.TextOf(value) is { } text)
        {
            var part = PythonValues.TextOf(item)
                ?? throw new TemplateFault($"'in' on a str needs a str, not '{PythonValues.TypeName(item)}'");
            budget.Step(text.Length / 64);
            return TextSearch.First(text, part) >= 0;
        }
        if (value is PythonDict dict)
        {
            budget.Text(item);
            return dict.TryGet(item, out _);
        }
        return RequireEntries(value, budget).Any(entry => ReferenceEquals(entry, item) || PythonOrder.AreEqual(entry, item, budget));
    }

    /// <summary><c>value[key]</c>; false where it has no such entry or takes no keys.</summary>
    public static bool TrySubscript(object? value, object? key, out object? entry)
    {
        entry = null;
        if (value is Undefined undefined)
            throw undefined.Fault;
        if (value is PythonDict dict)
            return PythonOrder.IsHashable(key) && dict.TryGet(key, out entry);
        if (key is not (long or bool) || Length(value) is not { } length || value is DictView or ISized)
            return false;
        var index = (long)PythonValues.IntegerOf(key)!;
        if (index < 0)
            index += length;
        if (index < 0 || index >= length)
            return false;
        entry = value switch
        {
            string text => Character(text, (int)index),
            Markup markup => new Markup(Character(markup.Text, (int)index)),
            List<object?> list => list[(int)index],
            PythonTuple tuple => tuple.Items[(int)index],
            _ => ((PythonRange)value!)[index],
        };
        return true;
    }

    /// <summary><c>value[start:stop:step]</c>.</summary>
    /// <exception cref="TemplateFault">It cannot be cut.</exception>
    public static object? Slice(object? value, object? start, object? stop, object? step, Budget budget)
    {
        if (value is Undefined undefined)
            throw undefined.Fault;
        if (Length(value) is not { } length || value is PythonDict or DictView or ISized)
            throw new TemplateFault($"a '{PythonValues.TypeName(value)}' cannot be sliced");
        var stride = step is null ? 1 : PythonValues.RequireInteger(step, "a slice's step");
        if (stride == 0)
            throw new TemplateFault("a slice's step is 0");
        var (first, last) = (End(start, stride > 0 ? 0 : length - 1), End(stop, stride > 0 ? length : -1));
        var count = stride > 0 ? last <= first ? 0 : (last - first - 1) / stride + 1
            : first <= last ? 0 : (first - last - 1) / -(Int128)stride + 1;
        if (PythonValues.TextOf(value) is { } text)
        {
            var cut = Cut(text, first, stride, (long)count, budget);
            return value is Markup ? new Markup(cut) : cut;
        }
        if (value is PythonRange range)
            return new PythonRange(range.Start + first * range.Step, range.Step * stride, (long)count);
        budget.Entries((long)count);
        var entries = value as IReadOnlyList<object?> ?? ((PythonTuple)value!).Items;
        var items = new object?[(int)count];
        for (var i = 0; i < items.Length; i++)
            items[i] = entries[(int)(first + i * stride)];
        return value is PythonTuple ? new PythonTuple(items) : items.ToList();

        long End(object? given, long fallback)
        {
            if (given is null)
                return fallback;
            var at = PythonValues.RequireInteger(given, "a slice's end");
            at = at < 0 ? at + length : at;
            return stride > 0 ? Math.Clamp(at, 0, length) : Math.Clamp(at, -1, length - 1);
        }
    }

    private static string Character(string text, int index)
    {
        if (!CodePoints.HasPairs(text))
            return text.Substring(index, 1);
        var starts = CodePoints.Boundaries(text);
        return text[starts[index]..starts[index + 1]];
    }

    private static string Cut(string text, long first, long stride, long count, Budget budget)
    {
        budget.Characters(count);
        budget.Step(text.Length / 64);
        if (count == 0)
            return "";
        var starts = CodePoints.HasPairs(text) ? CodePoints.Boundaries(text) : null;
        if (stride == 1)
            return starts is null ? text.Substring((int)first, (int)count) : text[starts[first]..starts[first + count]];
        var cut = new System.Text.StringBuilder();
        for (var i = 0; i < count; i++)
        {
            var at = (int)(first + i * stride);
            cut.Append(starts is null ? text.AsSpan(at, 1) : text.AsSpan(starts[at]..starts[at + 1]));
        }
        return cut.ToString();
    }
}

/// <summary>A value with a length and no other sign of a sequence: the <c>loop</c> of a for.</summary>
internal interface ISized
{
    /// <summary><c>len()</c> of it.</summary>
    long Length { get; }
}

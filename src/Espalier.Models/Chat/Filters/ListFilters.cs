using Espalier.Models.Chat.Python;

namespace Espalier.Models.Chat.Filters;

/// <summary>The filters that take lists apart.</summary>
internal static class ListFilters
{
    /// <summary><c>length</c>.</summary>
    public static object? Length(object? value, Arguments arguments, Budget budget)
    {
        arguments.Bind("length", 0);
        budget.Text(value);
        return PythonSequences.Length(value) ?? throw new TemplateFault($"a '{PythonValues.TypeName(value)}' has no length");
    }

    /// <summary><c>first</c>.</summary>
    public static object? First(object? value, Arguments arguments, Budget budget)
    {
        arguments.Bind("first", 0);
        foreach (var entry in PythonSequences.RequireEntries(value, budget))
            return entry;
        return new Undefined("first: there is no entry");
    }

    /// <summary><c>last</c>.</summary>
    public static object? Last(object? value, Arguments arguments, Budget budget)
    {
        arguments.Bind("last", 0);
        if (PythonSequences.Length(value) is not { } length || value is ISized)
            throw new TemplateFault($"a '{PythonValues.TypeName(value)}' has no last entry");
        if (length == 0)
            return new Undefined("last: there is no entry");
        return value is PythonDict or DictView ? PythonSequences.RequireEntries(value, budget).Last()
            : PythonSequences.TrySubscript(value, -1L, out var last) ? last : null;
    }

    /// <summary><c>reverse</c>: of a text the text, of anything else an iterator.</summary>
    public static object? Reverse(object? value, Arguments arguments, Budget budget)
    {
        arguments.Bind("reverse", 0);
        if (PythonValues.TextOf(value) is not null)
            return PythonSequences.Slice(value, null, null, -1L, budget);
        var entries = PythonSequences.List(value, budget);
        entries.Reverse();
        return value is OneShot ? entries : new OneShot(entries);
    }

    /// <summary><c>items</c> of a dict.</summary>
    public static object? Items(object? value, Arguments arguments, Budget budget)
    {
        arguments.Bind("items", 0);
        return value switch
        {
            Undefined => new OneShot([]),
            PythonDict dict => new OneShot(new DictView("items", dict).Entries),
            _ => throw new TemplateFault("items takes a dict"),
        };
    }

    /// <summary><c>batch(linecount, fill_with=None)</c>.</summary>
    public static object? Batch(object? value, Arguments arguments, Budget budget)
    {
        var given = arguments.Bind("batch", 1, "linecount", "fill_with");
        var size = given.Integer(0);
        return new OneShot(Batches());

        IEnumerable<object?> Batches()
        {
            var batch = new List<object?>();
            foreach (var entry in PythonSequences.RequireEntries(value, budget))
            {
                if (batch.Count == size)
                {
                    yield return batch;
                    batch = [];
                }
                budget.Entries(1);
                batch.Add(entry);
            }
            if (batch.Count == 0)
                yield break;
            if (given[1] is not null && batch.Count < size)
            {
                budget.Entries(size - batch.Count);
                batch.AddRange(Enumerable.Repeat(given[1], (int)size - batch.Count));
            }
            yield return batch;
        }
    }

    /// <summary><c>slice(slices, fill_with=None)</c>.</summary>
    public static object? Slice(object? value, Arguments arguments, Budget budget)
    {
        var given = arguments.Bind("slice", 1, "slices", "fill_with");
        var slices = given.Integer(0);
        var entries = PythonSequences.List(value, budget);
        if (slices <= 0)
            throw new TemplateFault("slice takes a number of slices above 0, not less");
        budget.Entries(slices);
        var (size, extra) = (entries.Count / slices, entries.Count % slices);
        return new OneShot(Enumerable.Range(0, (int)slices).Select(index =>
        {
            var start = (int)(index * size + Math.Min(index, extra));
            var part = entries.GetRange(start, (int)(size + (index < extra ? 1 : 0)));
            if (given[1] is not null && index >= extra)
                part.Add(given[1]);
            return (object?)part;
        }));
    }
}

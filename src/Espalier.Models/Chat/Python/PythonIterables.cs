namespace Espalier.Models.Chat.Python;

/// <summary>What Python's <c>range</c> gives.</summary>
internal sealed record PythonRange(long Start, long Step, long Count)
{
    /// <summary>jinja2's sandbox allows no longer ones.</summary>
    public const long Longest = 100_000;

    public object this[long index] => Start + index * Step;

    /// <summary><c>range(start, stop, step)</c>.</summary>
    public static PythonRange Of(long start, long stop, long step)
    {
        if (step == 0)
            throw new TemplateFault("range() has a step of 0");
        var span = step > 0 ? (Int128)stop - start : (Int128)start - stop;
        var stride = step > 0 ? step : -(Int128)step;
        var count = span <= 0 ? 0 : (span - 1) / stride + 1;
        return count <= Longest ? new(start, step, (long)count)
            : throw new TemplateFault($"range() of {count} entries; templates may have at most {Longest}");
    }
}

/// <summary>What a dict's <c>keys()</c>, <c>values()</c> and <c>items()</c> give.</summary>
internal sealed record DictView(string Kind, PythonDict Dict)
{
    public IEnumerable<object?> Entries => Kind switch
    {
        "keys" => Dict.Keys,
        "values" => Dict.Values,
        _ => Dict.Items.Select(static item => (object?)PythonTuple.Of(item.Key, item.Value)),
    };
}

/// <summary>A generator or an iterator: walked over once, always true, without a length.</summary>
internal sealed class OneShot(IEnumerable<object?> source)
{
    private readonly IEnumerator<object?> _rest = source.GetEnumerator();

    /// <summary>What has not been taken yet.</summary>
    public IEnumerable<object?> Rest()
    {
        while (_rest.MoveNext())
            yield return _rest.Current;
    }
}

/// <summary>jinja2's <c>namespace</c>: the one object whose attributes a template may set.</summary>
internal sealed class Namespace(PythonDict attributes)
{
    public PythonDict Attributes { get; } = attributes;
}

namespace Espalier.Models.Chat.Python;

/// <summary>Python's tuple. Lists are <c>List&lt;object?&gt;</c>; neither can be changed by a template.</summary>
internal sealed record PythonTuple(IReadOnlyList<object?> Items)
{
    /// <summary>Names of the entries where it is a named tuple (the groups of <c>groupby</c>).</summary>
    public IReadOnlyList<string> Names { get; init; } = [];

    public static PythonTuple Of(params object?[] items) => new(items);
}

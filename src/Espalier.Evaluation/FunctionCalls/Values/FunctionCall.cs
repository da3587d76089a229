namespace Espalier.Evaluation.FunctionCalls.Values;

/// <summary>A call that a model wrote.</summary>
/// <param name="Name">The function, with its dots.</param>
/// <param name="Arguments">Named arguments in their order; what was passed without a name is none of them.</param>
internal sealed record FunctionCall(string Name, PyDict Arguments)
{
    public override string ToString() => $"{Name}({string.Join(", ", Arguments.Entries.Select(
        entry => $"{(entry.Key is PyText { Text: var name } ? name : entry.Key)}={entry.Value}"))})";
}

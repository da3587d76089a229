using Espalier.Evaluation.Documents;
using Espalier.Evaluation.FunctionCalls.Values;

namespace Espalier.Evaluation.FunctionCalls.Questions;

/// <summary>A parameter of a function.</summary>
/// <param name="Type">Its type, as the file names it.</param>
/// <param name="ItemType">The type of what is in it; null where none is given.</param>
internal sealed record ParameterDescription(string Type, string? ItemType);

/// <summary>A function that may be called.</summary>
/// <param name="Name">Its name, with dots.</param>
/// <param name="Parameters">Its parameters by name.</param>
/// <param name="Required">Those that a call must have.</param>
internal sealed record FunctionDescription(string Name, IReadOnlyDictionary<string, ParameterDescription> Parameters,
    IReadOnlyList<string> Required);

/// <summary>A call that is right.</summary>
/// <param name="Parameters">
/// Values of each parameter that are right, in the file's order. An empty text among them says that the parameter may be left out. Of a
/// dict, each key has such a list in turn.
/// </param>
internal sealed record PossibleCall(string Function, IReadOnlyList<KeyValuePair<string, IReadOnlyList<PyValue>>> Parameters)
{
    private readonly Dictionary<string, IReadOnlyList<PyValue>> _values = Parameters.ToDictionary(entry => entry.Key, entry => entry.Value);

    /// <summary>The right values of a parameter; null of one that no right call has.</summary>
    public IReadOnlyList<PyValue>? Values(string parameter) => _values.GetValueOrDefault(parameter);
}

/// <summary>A question of BFCL.</summary>
/// <param name="Messages">What is asked: role and text of each message of the turn.</param>
/// <param name="Functions">The functions that may be called.</param>
/// <param name="FunctionJson">The same as the file has them, for the prompt.</param>
/// <param name="Answers">The calls that are right, all of which are wanted; none where nothing is compared.</param>
/// <param name="Document">What it was read from.</param>
internal sealed record FunctionCallQuestion(string Id, CallCategory Category, IReadOnlyList<(string Role, string Text)> Messages,
    IReadOnlyList<FunctionDescription> Functions, string FunctionJson, IReadOnlyList<PossibleCall> Answers, TaskDocument Document);

using System.Text.RegularExpressions;
using Espalier.Evaluation.Documents;
using Espalier.Evaluation.Tasks.Templates;

namespace Espalier.Evaluation.Instructions;

/// <summary>
/// What an instruction asks for: an entry of a document's <c>kwargs</c>. Where IFEval's own program draws what is missing, or null, at
/// random, this is an error: a verdict by chance is none.
/// </summary>
internal sealed record InstructionArguments(TaskDocument Document, string Id, JsonElement Fields)
{
    /// <summary>A text.</summary>
    /// <exception cref="EspalierException">It is not there, or no text.</exception>
    public string Text(string key) => Value(key) is { ValueKind: JsonValueKind.String } value ? value.GetString()!
        : throw Wrong(key, "a text");

    /// <summary>A list of texts, at least one.</summary>
    /// <exception cref="EspalierException">It is not there, or no such list.</exception>
    public string[] Texts(string key) => Value(key) is { ValueKind: JsonValueKind.Array } list && list.GetArrayLength() > 0
        && list.EnumerateArray().All(entry => entry.ValueKind == JsonValueKind.String)
            ? [.. list.EnumerateArray().Select(entry => entry.GetString()!)] : throw Wrong(key, "a list of texts, at least one");

    /// <summary>A whole number, from <paramref name="least"/>.</summary>
    /// <exception cref="EspalierException">It is not there, or no such number.</exception>
    public int Number(string key, int least = 0) => Value(key) is { ValueKind: JsonValueKind.Number } value
        && value.TryGetDouble(out var number) && number == Math.Floor(number) && number >= least && number <= int.MaxValue
            ? (int)number : throw Wrong(key, $"a whole number from {least}");

    /// <summary>Whether there is "at least" or "less than" a number of what is counted in a response.</summary>
    /// <exception cref="EspalierException">One of both is not there, or the relation another.</exception>
    public Predicate<string> Compared(string relation, string number, Func<string, int> count)
    {
        var bound = Number(number);
        return Text(relation) switch
        {
            "at least" => response => count(response) >= bound,
            "less than" => response => count(response) < bound,
            _ => throw Wrong(relation, "\"at least\" or \"less than\""),
        };
    }

    /// <summary>A pattern that a document gives, as Python would compile it.</summary>
    /// <param name="wanted">What the error asks for.</param>
    /// <exception cref="EspalierException">It is none.</exception>
    public Regex Pattern(string key, string wanted, string pattern, RegexOptions options = RegexOptions.None)
    {
        try
        {
            return PythonRegex.Of(pattern, options);
        }
        catch (ArgumentException)
        {
            throw Wrong(key, wanted);
        }
    }

    /// <summary>An error that names file, line, instruction and field.</summary>
    public EspalierException Wrong(string key, string wanted) => new(Value(key) is { } value
        ? $"{Document.Place}: kwargs of {Id}: {key} is {OneLine.Clipped(value.GetRawText())}; {wanted} was expected"
        : $"{Document.Place}: kwargs of {Id}: {key} is missing; {wanted} was expected");

    private JsonElement? Value(string key) =>
        Fields.TryGetProperty(key, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;
}

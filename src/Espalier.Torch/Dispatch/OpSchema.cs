using System.Text.RegularExpressions;

namespace Espalier.Torch.Dispatch;

/// <summary>
/// What an operator takes and gives, read from libtorch's own text for it. The stable ABI reads as many words as the operator has arguments
/// and cannot be asked how many that are, so that the text here must be the library's: a test looks for each in the library's file.
/// </summary>
internal sealed partial class OpSchema
{
    /// <summary>Reads such as <c>aten::add.Tensor(Tensor self, Tensor other, *, Scalar alpha=1) -> Tensor</c>.</summary>
    /// <exception cref="FormatException">It is no schema, or has a type that this binding does not carry.</exception>
    public OpSchema(string text)
    {
        if (Form().Match(text) is not { Success: true, Groups: var parts })
            throw new FormatException($"this is no schema: {text}");
        (Text, Name, Overload) = (text, parts["name"].Value, parts["overload"].Value);
        (Parameters, Results) = (All(parts["parameters"].Value), All(parts["results"].Value));
        ResultIsView = parts["results"].Value.Contains("(a", StringComparison.Ordinal);
    }

    public string Text { get; }

    /// <summary>Such as <c>aten::add</c>.</summary>
    public string Name { get; }

    /// <summary>Such as <c>Tensor</c>; empty where there is one form alone.</summary>
    public string Overload { get; }

    /// <summary>Name and overload with a point between.</summary>
    public string FullName => Overload.Length == 0 ? Name : $"{Name}.{Overload}";

    public Parameter[] Parameters { get; }

    public Parameter[] Results { get; }

    /// <summary>Whether results may share memory with the first tensor among the arguments, <c>Tensor(a)</c>.</summary>
    public bool ResultIsView { get; }

    [GeneratedRegex(
        @"^(?<name>\w+::\w+)(\.(?<overload>\w+))?\((?<parameters>.*)\) -> (\((?<results>.*)\)|(?<results>.+))$",
        RegexOptions.ExplicitCapture)]
    private static partial Regex Form();

    private Parameter[] All(string list) =>
        [.. list.Split(", ", StringSplitOptions.RemoveEmptyEntries).Where(part => part != "*").Select(part => Parameter.Parse(part, Text))];
}

namespace Espalier.Torch.Dispatch;

/// <summary>
/// What an operator takes and gives, read from libtorch's own text for it. The stable ABI reads as many words as the operator has arguments
/// and cannot be asked how many that are, so that the text here must be the library's: a test looks for each in the library's file.
/// </summary>
internal sealed class OpSchema
{
    private OpSchema(string text, string name, string overload, Parameter[] parameters, ValueType[] results) =>
        (Text, Name, Overload, Parameters, Results) = (text, name, overload, parameters, results);

    public string Text { get; }

    /// <summary>Such as <c>aten::add</c>.</summary>
    public string Name { get; }

    /// <summary>Such as <c>Tensor</c>; empty where there is one form alone.</summary>
    public string Overload { get; }

    /// <summary>Name and overload with a point between.</summary>
    public string FullName => Overload.Length == 0 ? Name : $"{Name}.{Overload}";

    public Parameter[] Parameters { get; }

    public ValueType[] Results { get; }

    /// <summary>Whether it takes a Scalar, which the stable ABI does not carry.</summary>
    public bool HasScalars => Parameters.Any(p => p.Type.Kind == ValueKind.Scalar);

    /// <summary>Reads such as <c>aten::add.Tensor(Tensor self, Tensor other, *, Scalar alpha=1) -> Tensor</c>.</summary>
    /// <exception cref="FormatException">It is no schema, or has a type that this binding does not carry.</exception>
    public static OpSchema Parse(string text)
    {
        var open = text.IndexOf('(', StringComparison.Ordinal);
        var arrow = text.LastIndexOf(" -> ", StringComparison.Ordinal);
        if (open <= 0 || arrow < open || text[arrow - 1] != ')')
            throw new FormatException($"not an operator schema: {text}");
        var name = text[..open];
        var point = name.IndexOf('.', StringComparison.Ordinal);
        var parameters = Parts(WithoutAliases(text[(open + 1)..(arrow - 1)]))
            .Where(part => part != "*").Select(part => Parameter.Parse(part, text)).ToArray();
        var results = WithoutAliases(text[(arrow + 4)..]);
        if (results.StartsWith('('))
            results = results[1..^1];
        // Results may have names.
        var types = Parts(results).Select(part => ValueType.Parse(part.Split(' ')[0], text)).ToArray();
        return new(text, point < 0 ? name : name[..point], point < 0 ? "" : name[(point + 1)..], parameters, types);
    }

    public override string ToString() => Text;

    /// <summary>Without such as <c>(a!)</c> after a type: a round bracket that is opened right after a letter.</summary>
    private static string WithoutAliases(string text)
    {
        var kept = new System.Text.StringBuilder(text.Length);
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '(' && i > 0 && char.IsAsciiLetter(text[i - 1]))
                i = text.IndexOf(')', i);
            else
                kept.Append(text[i]);
        }
        return kept.ToString();
    }

    private static string[] Parts(string text) => text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
}

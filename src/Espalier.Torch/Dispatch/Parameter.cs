namespace Espalier.Torch.Dispatch;

/// <summary>One argument of an operator as its schema declares it.</summary>
internal sealed record Parameter(string Name, ValueType Type, bool HasDefault, Argument Default)
{
    /// <summary>Reads such as <c>int dim=-1</c>.</summary>
    public static Parameter Parse(string text, string schema)
    {
        var equals = text.IndexOf('=', StringComparison.Ordinal);
        var declared = (equals < 0 ? text : text[..equals]).Trim();
        var space = declared.LastIndexOf(' ');
        var type = ValueType.Parse(declared[..space].Trim(), schema);
        var value = equals < 0 ? Argument.Default : Literal(text[(equals + 1)..].Trim(), type, schema);
        return new(declared[(space + 1)..], type, equals >= 0, value);
    }

    private static Argument Literal(string text, ValueType type, string schema)
    {
        var invariant = CultureInfo.InvariantCulture;
        return text switch
        {
            "None" => Argument.None,
            "True" => true,
            "False" => false,
            "[]" when type.Kind is ValueKind.Int or ValueKind.Bool => Array.Empty<long>(),
            "[]" when type.Kind == ValueKind.Tensor => Array.Empty<Tensor?>(),
            "contiguous_format" => 0,
            "Mean" => 1, // the reductions of losses: none, mean, sum
            _ when text[0] is '\'' or '"' => text[1..^1],
            _ when long.TryParse(text, NumberStyles.AllowLeadingSign, invariant, out var whole) =>
                type.Kind == ValueKind.Float ? (Argument)(double)whole : (Argument)whole,
            _ when double.TryParse(text, NumberStyles.Float, invariant, out var number) => number,
            _ => throw new FormatException($"unknown default {text}: {schema}"),
        };
    }
}

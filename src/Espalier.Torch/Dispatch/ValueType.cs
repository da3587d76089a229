namespace Espalier.Torch.Dispatch;

/// <summary>A type of a schema: <c>Tensor?[]</c> is a list of optional tensors, <c>int[1]?</c> an optional list.</summary>
/// <param name="Kind">Of the value, or of a list's entries.</param>
/// <param name="IsList">Whether it is a list.</param>
/// <param name="IsOptional">Whether None is allowed for the whole.</param>
/// <param name="EntriesAreOptional">Whether a list's entries may be None.</param>
internal sealed record ValueType(ValueKind Kind, bool IsList, bool IsOptional, bool EntriesAreOptional)
{
    /// <summary>Reads a type, without what it says about aliases.</summary>
    public static ValueType Parse(string text, string schema)
    {
        var rest = text;
        var optional = Cut(ref rest, '?');
        var list = rest.EndsWith(']');
        var entries = false;
        if (list)
        {
            rest = rest[..rest.LastIndexOf('[')];
            entries = Cut(ref rest, '?');
        }
        return new(KindOf(rest) ?? throw new FormatException($"unknown type {text}: {schema}"), list, optional, entries);
    }

    public override string ToString() => $"{Kind}{(EntriesAreOptional ? "?" : "")}{(IsList ? "[]" : "")}{(IsOptional ? "?" : "")}";

    private static bool Cut(ref string text, char last)
    {
        if (!text.EndsWith(last))
            return false;
        text = text[..^1];
        return true;
    }

    private static ValueKind? KindOf(string name) => name switch
    {
        "Tensor" => ValueKind.Tensor,
        "int" or "SymInt" => ValueKind.Int,
        "float" => ValueKind.Float,
        "bool" => ValueKind.Bool,
        "Scalar" => ValueKind.Scalar,
        "ScalarType" => ValueKind.ScalarType,
        "Layout" => ValueKind.Layout,
        "MemoryFormat" => ValueKind.MemoryFormat,
        "Device" => ValueKind.Device,
        "str" => ValueKind.String,
        _ => null,
    };
}

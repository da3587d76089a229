using System.Text.RegularExpressions;

namespace Espalier.Torch.Dispatch;

/// <summary>The types of libtorch's schemas, without list and optional. Enumerations of which nobody gives a value are integers.</summary>
internal enum ValueKind
{
    Tensor,
    Int,
    Float,
    Bool,
    Scalar,
    ScalarType,
    Device,
}

/// <summary>
/// One argument or result of an operator as its schema declares it: <c>Tensor?[]</c> is a list of optional tensors, <c>int[1]?</c> an
/// optional list.
/// </summary>
/// <param name="Name">Empty where a result has none.</param>
/// <param name="Type">As it stands there, without what it says about memory.</param>
/// <param name="Kind">Of the value, or of a list's entries.</param>
/// <param name="IsList">Whether it is a list.</param>
/// <param name="IsOptional">Whether None is allowed for the whole.</param>
/// <param name="EntriesAreOptional">Whether a list's entries may be None.</param>
/// <param name="IsWritten">Whether the operator writes it, <c>Tensor(a!)</c>.</param>
/// <param name="Default">What it is where it is left out, if it may be.</param>
internal sealed partial record Parameter(
    string Name, string Type, ValueKind Kind, bool IsList, bool IsOptional, bool EntriesAreOptional, bool IsWritten, Argument Default)
{
    /// <summary>Reads such as <c>int dim=-1</c> or <c>Tensor(a!)[] self</c>.</summary>
    public static Parameter Parse(string text, string schema)
    {
        var parts = Form().Match(text).Groups;
        var kind = KindOf(parts["kind"].Value) ?? throw new FormatException($"the type of '{text}' is not known: {schema}");
        var (entries, list, optional) = (parts["entries"].Success, parts["list"].Success, parts["optional"].Success);
        return new(
            parts["name"].Value, $"{parts["kind"]}{parts["entries"]}{parts["list"]}{parts["optional"]}", kind, list, optional, entries,
            parts["memory"].Value.Contains('!', StringComparison.Ordinal),
            parts["value"].Success ? Literal(parts["value"].Value, kind, schema) : Argument.Default);
    }

    [GeneratedRegex(
        @"^(?<kind>\w+)(?<memory>\([^)]*\))?(?<entries>\?(?=\[))?(?<list>\[\d*\])?(?<optional>\?)?( (?<name>\w+)(=(?<value>.+))?)?$",
        RegexOptions.ExplicitCapture)]
    private static partial Regex Form();

    private static ValueKind? KindOf(string name) => name switch
    {
        "Tensor" => ValueKind.Tensor,
        "int" or "SymInt" or "Layout" or "MemoryFormat" => ValueKind.Int,
        "float" => ValueKind.Float,
        "bool" => ValueKind.Bool,
        "Scalar" => ValueKind.Scalar,
        "ScalarType" => ValueKind.ScalarType,
        "Device" => ValueKind.Device,
        _ => null,
    };

    private static Argument Literal(string text, ValueKind kind, string schema)
    {
        var invariant = CultureInfo.InvariantCulture;
        return text switch
        {
            "None" => Argument.None,
            "True" => true,
            "False" => false,
            "[]" when kind == ValueKind.Tensor => Array.Empty<Tensor?>(),
            "[]" => Array.Empty<long>(),
            "contiguous_format" => 0,
            _ when long.TryParse(text, NumberStyles.AllowLeadingSign, invariant, out var whole) =>
                kind == ValueKind.Float ? (Argument)(double)whole : (Argument)whole,
            _ when double.TryParse(text, NumberStyles.Float, invariant, out var number) => number,
            _ => throw new FormatException($"unknown default {text}: {schema}"),
        };
    }
}

namespace Espalier.Models.Chat.Python;

/// <summary>What a template does wrong while it is read or rendered; the front door adds the file and the line.</summary>
internal sealed class TemplateFault(string message) : Exception(message)
{
    /// <summary>The template's line, from 1; 0 where it was not known here.</summary>
    public int Line { get; init; }

    /// <summary>Python's TypeError, such as for an operator that two types do not have.</summary>
    public static TemplateFault Operands(string sign, object? left, object? right) =>
        new($"unsupported operand types for {sign}: '{PythonValues.TypeName(left)}' and '{PythonValues.TypeName(right)}'");
}

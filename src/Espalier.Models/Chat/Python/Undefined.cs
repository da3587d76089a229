namespace Espalier.Models.Chat.Python;

/// <summary>jinja2's <c>Undefined</c>: prints as nothing, is empty and false; whatever else is done with it is an error.</summary>
/// <param name="reason">What the error then says.</param>
internal sealed class Undefined(string reason)
{
    /// <summary>The error of using it.</summary>
    public TemplateFault Fault => new(reason);

    /// <summary>A name that no variable has.</summary>
    public static Undefined Name(string name) => new($"'{name}' is undefined");

    /// <summary>An attribute or a key that a value has not.</summary>
    public static Undefined Member(object? owner, object? name)
    {
        var type = owner is null ? "None" : $"{PythonValues.TypeName(owner)} object";
        return new(name is string text ? $"'{type}' has no attribute '{text}'" : $"{type} has no element {PythonText.Short(name)}");
    }

    /// <summary>What Python's sandbox keeps from templates.</summary>
    public static Undefined Unsafe(object? owner, string name) =>
        new($"access to attribute '{name}' of a {PythonValues.TypeName(owner)} is not allowed in a template");
}

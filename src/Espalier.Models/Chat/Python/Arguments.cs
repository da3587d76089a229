namespace Espalier.Models.Chat.Python;

/// <summary>The arguments of a call.</summary>
internal sealed record Arguments(IReadOnlyList<object?> Positional, IReadOnlyList<(string Name, object? Value)> Named)
{
    public static Arguments None { get; } = new([], []);

    /// <summary>Lays the arguments on parameters.</summary>
    /// <param name="function">The function's name, for errors.</param>
    /// <param name="required">How many of the first parameters must be given.</param>
    /// <param name="parameters">The parameters' names in their order.</param>
    /// <exception cref="TemplateFault">There are too many, too few, or one that the function does not have.</exception>
    public Bound Bind(string function, int required, params string[] parameters)
    {
        if (Positional.Count > parameters.Length)
            throw new TemplateFault($"{function}() takes at most {parameters.Length} arguments; {Positional.Count} were given");
        var (values, given) = (new object?[parameters.Length], new bool[parameters.Length]);
        for (var i = 0; i < Positional.Count; i++)
            (values[i], given[i]) = (Positional[i], true);
        foreach (var (name, value) in Named)
        {
            var at = Array.IndexOf(parameters, name);
            if (at < 0)
                throw new TemplateFault($"{function}() has no argument '{name}'");
            if (given[at])
                throw new TemplateFault($"{function}() was given '{name}' twice");
            (values[at], given[at]) = (value, true);
        }
        var missing = Array.IndexOf(given, false, 0, required);
        return missing < 0 ? new(function, parameters, values, given)
            : throw new TemplateFault($"{function}() is missing its argument '{parameters[missing]}'");
    }

    /// <summary>Without the first so many positional ones.</summary>
    public Arguments Skip(int count) => this with { Positional = [.. Positional.Skip(count)] };
}

/// <summary>Arguments on their parameters.</summary>
internal sealed class Bound(string function, string[] parameters, object?[] values, bool[] given)
{
    /// <summary>Whether the caller gave it.</summary>
    public bool Has(int index) => given[index];

    /// <summary>What was given; null (None) where nothing was.</summary>
    public object? this[int index] => values[index];

    /// <summary>What was given, or a default.</summary>
    public object? Or(int index, object? fallback) => given[index] ? values[index] : fallback;

    /// <summary>The text that was given, or a default; without one it must be given.</summary>
    public string Text(int index, string? fallback = null) =>
        !given[index] && fallback is not null ? fallback : PythonValues.RequireText(values[index], What(index));

    /// <summary>The whole number that was given, or a default.</summary>
    public long Integer(int index, long? fallback = null) =>
        !given[index] && fallback is not null ? fallback.Value : PythonValues.RequireInteger(values[index], What(index));

    /// <summary>The truth of what was given; false where nothing was.</summary>
    public bool Truth(int index) => given[index] && PythonValues.Truth(values[index]);

    private string What(int index) => $"'{parameters[index]}' of {function}()";
}

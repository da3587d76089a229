namespace Espalier.Models.Chat.Python;

/// <summary>Whatever a template can call.</summary>
internal abstract class Callable
{
    /// <summary>Its name, for errors.</summary>
    public abstract string Name { get; }

    public abstract object? Call(Arguments arguments, Budget budget);
}

/// <summary>A function or a method that is written here.</summary>
internal sealed class Builtin(string name, Func<Arguments, Budget, object?> body) : Callable
{
    public override string Name => name;

    public override object? Call(Arguments arguments, Budget budget) => body(arguments, budget);
}

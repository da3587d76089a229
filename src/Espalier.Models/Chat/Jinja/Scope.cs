namespace Espalier.Models.Chat.Jinja;

/// <summary>Variables; those of the scopes around it are seen where it has none of a name.</summary>
/// <param name="parent">The scope around it; null for the outermost.</param>
internal sealed class Scope(Scope? parent)
{
    private readonly Dictionary<string, object?> _variables = [];

    /// <summary>A variable of this scope or of one around it.</summary>
    public bool TryGet(string name, out object? value)
    {
        for (var scope = this; scope is not null; scope = scope.Parent)
            if (scope._variables.TryGetValue(name, out value))
                return true;
        value = null;
        return false;
    }

    /// <summary>Whether this scope itself has a variable.</summary>
    public bool TryOwn(string name) => _variables.ContainsKey(name);

    /// <summary>Sets a variable of this scope.</summary>
    public void Set(string name, object? value) => _variables[name] = value;

    private Scope? Parent => parent;
}

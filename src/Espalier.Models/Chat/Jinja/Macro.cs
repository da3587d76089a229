using Espalier.Models.Chat.Methods;
using Espalier.Models.Chat.Python;

namespace Espalier.Models.Chat.Jinja;

/// <summary>What a macro or a call block declares.</summary>
internal sealed record MacroSignature
{
    /// <summary>Its name; "caller" for a call block.</summary>
    public required string Name { get; init; }

    /// <summary>Its parameters; those at the end may have defaults.</summary>
    public required IReadOnlyList<(string Name, Expression? Default)> Parameters { get; init; }

    public required IReadOnlyList<Statement> Body { get; init; }

    /// <summary>The special names that the body uses: <c>caller</c>, <c>varargs</c>, <c>kwargs</c>.</summary>
    public required IReadOnlySet<string> Specials { get; init; }
}

/// <summary>A macro with the variables that it sees; calling it gives the text that it renders.</summary>
internal sealed class Macro(MacroSignature signature, Scope scope, Rendering rendering) : Callable, IHasMembers
{
    public override string Name => signature.Name;

    public override object? Call(Arguments arguments, Budget budget)
    {
        var (inner, line) = (new Scope(scope), rendering.Line);
        Bind(arguments, inner);
        budget.Enter();
        var text = rendering.Capture(() =>
        {
            foreach (var (name, fallback) in signature.Parameters)
                if (!inner.TryOwn(name))
                    inner.Set(name, fallback is null ? new Undefined($"parameter '{name}' was not "
                        + "provided") : fallback.Evaluate(inner, rendering));
            Statement.ExecuteAll(signature.Body, inner, rendering);
        });
        budget.Leave();
        rendering.Line = line;
        return text;
    }

    public bool TryMember(string name, out object? member)
    {
        member = name switch
        {
            "name" => signature.Name,
            "arguments" => new PythonTuple([.. signature.Parameters.Select(static parameter => (object?)parameter.Name)]),
            "catch_kwargs" => signature.Specials.Contains("kwargs"),
            "catch_varargs" => signature.Specials.Contains("varargs"),
            "caller" => signature.Specials.Contains("caller"),
            _ => this,
        };
        return !ReferenceEquals(member, this);
    }

    private void Bind(Arguments arguments, Scope inner)
    {
        var parameters = signature.Parameters;
        var count = Math.Min(arguments.Positional.Count, parameters.Count);
        for (var i = 0; i < count; i++)
            inner.Set(parameters[i].Name, arguments.Positional[i]);
        var others = new PythonDict();
        object? caller = Undefined.Name("caller");
        foreach (var (name, value) in arguments.Named)
        {
            if (parameters.Skip(count).Any(parameter => parameter.Name == name))
                inner.Set(name, value);
            else if (name == "caller" && signature.Specials.Contains(name))
                caller = value;
            else if (signature.Specials.Contains("kwargs"))
                others[name] = value;
            else
                throw new TemplateFault($"the macro '{Name}' has no argument '{name}'");
        }
        if (signature.Specials.Contains("caller") && parameters.All(static parameter => parameter.Name != "caller"))
            inner.Set("caller", caller);
        if (signature.Specials.Contains("kwargs"))
            inner.Set("kwargs", others);
        if (signature.Specials.Contains("varargs"))
            inner.Set("varargs", new PythonTuple([.. arguments.Positional.Skip(parameters.Count)]));
        else if (arguments.Positional.Count > parameters.Count)
            throw new TemplateFault($"the macro '{Name}' takes at most {parameters.Count} arguments");
    }
}

/// <summary><c>{% macro name(parameters) %}...{% endmacro %}</c></summary>
internal sealed class MacroStatement(MacroSignature signature, int line) : Statement(line)
{
    protected override Flow Run(Scope scope, Rendering rendering)
    {
        scope.Set(signature.Name, new Macro(signature, scope, rendering));
        return Flow.Next;
    }
}

/// <summary><c>{% call(parameters) macro(arguments) %}...{% endcall %}</c>: the macro may call the body as <c>caller</c>.</summary>
internal sealed class CallBlock(CallOf call, MacroSignature body, int line) : Statement(line)
{
    protected override Flow Run(Scope scope, Rendering rendering)
    {
        rendering.Write(PythonText.Str(call.Call(scope, rendering, new Macro(body, scope, rendering)), rendering.Budget));
        return Flow.Next;
    }
}

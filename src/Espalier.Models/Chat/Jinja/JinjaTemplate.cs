using Espalier.Models.Chat.Jinja.Parsing;
using Espalier.Models.Chat.Python;

namespace Espalier.Models.Chat.Jinja;

/// <summary>
/// A template in the part of Jinja that chat templates are written in, rendered as jinja2 does in the environment that transformers makes:
/// sandboxed, lists and dicts not to be changed, <c>trim_blocks</c> and <c>lstrip_blocks</c>, <c>break</c> and <c>continue</c>,
/// <c>{% generation %}</c>. It reaches nothing but its variables. Safe for use from several threads.
/// </summary>
internal sealed class JinjaTemplate
{
    private readonly IReadOnlyList<Statement> _body;

    /// <summary>Reads a template.</summary>
    /// <exception cref="TemplateFault">It is not well-formed; the fault has the line.</exception>
    public JinjaTemplate(string source) => _body = StatementParser.Parse(source);

    /// <summary>Renders it.</summary>
    /// <param name="variables">The variables that it sees.</param>
    /// <param name="now">The local time, for <c>strftime_now</c>.</param>
    /// <param name="limits">What it may use.</param>
    /// <exception cref="TemplateFault">It does what has no meaning, refuses its variables, or would use more than it may.</exception>
    public Rendering Render(IEnumerable<(string Name, object? Value)> variables, DateTime now, TemplateLimits limits)
    {
        var rendering = new Rendering(new(limits));
        // The template's own variables are in the scope of what it was given, as in jinja2.
        var scope = new Scope(TemplateGlobals.Scope(now));
        foreach (var (name, value) in variables)
            scope.Set(name, value);
        try
        {
            Statement.ExecuteAll(_body, scope, rendering);
            return rendering;
        }
        catch (TemplateFault fault) when (fault.Line == 0)
        {
            throw new TemplateFault(fault.Message) { Line = rendering.Line };
        }
    }
}

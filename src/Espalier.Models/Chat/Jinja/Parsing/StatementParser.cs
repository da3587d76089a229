using Espalier.Models.Chat.Python;

namespace Espalier.Models.Chat.Jinja.Parsing;

/// <summary>Reads a template's tags.</summary>
internal sealed class StatementParser
{
    private static readonly string[] s_specials = ["caller", "varargs", "kwargs"];
    private static readonly string[] s_tags =
        ["if", "for", "set", "macro", "call", "filter", "with", "generation", "break", "continue", "print", "raw"];

    private readonly TokenStream _tokens;
    private readonly ExpressionParser _expressions;
    private int _loops;

    private StatementParser(string source)
    {
        _tokens = new(Lexer.Tokens(source));
        _expressions = new(_tokens);
    }

    /// <summary>The statements of a template.</summary>
    /// <exception cref="TemplateFault">The template is not well-formed; the fault has the line.</exception>
    public static IReadOnlyList<Statement> Parse(string source)
    {
        var parser = new StatementParser(source);
        return parser.Body([]);
    }

    /// <summary>Statements up to one of the tags, whose name is next then.</summary>
    private List<Statement> Body(params string[] ends)
    {
        Budget.RequireStack();
        var (body, start) = (new List<Statement>(), _tokens.Current.Line);
        while (true)
        {
            var token = _tokens.Current;
            switch (token.Kind)
            {
                case TokenKind.Data:
                    body.Add(new TextOutput(_tokens.Next().Text, token.Line));
                    break;
                case TokenKind.PrintBegin:
                    _tokens.Next();
                    body.Add(new ValueOutput(_expressions.ParseTuple(), token.Line));
                    _tokens.Require(TokenKind.PrintEnd, "'}}'");
                    break;
                case TokenKind.TagBegin:
                    _tokens.Next();
                    if (_tokens.Current.Kind == TokenKind.Name && ends.Contains(_tokens.Current.Text))
                        return body;
                    body.Add(Tag());
                    RequireTagEnd();
                    break;
                default:
                    return ends.Length == 0 ? body
                        : throw _tokens.Fault($"the tag of line {start} has no '{ends[^1]}'");
            }
        }
    }

    private Statement Tag()
    {
        var token = _tokens.Require(TokenKind.Name, "a tag's name");
        return token.Text switch
        {
            "if" => If(token.Line),
            "for" => For(token.Line),
            "set" => Set(token.Line),
            "macro" => Macro(token.Line),
            "call" => Call(token.Line),
            "filter" => Filter(token.Line),
            "with" => With(token.Line),
            "generation" => new GenerationBlock(Function(() => Closed("endgeneration")), token.Line),
            "print" => new ValueOutput(_expressions.ParseTuple(), token.Line),
            "break" or "continue" => _loops > 0 ? new Jump(token.Text == "break" ? Flow.Break : Flow.Continue, token.Line)
                : throw new TemplateFault($"'{token.Text}' is outside a loop") { Line = token.Line },
            "include" or "import" or "from" or "extends" or "block" => throw new TemplateFault(
                $"'{token.Text}' is not supported: a chat template cannot load other templates")
            { Line = token.Line },
            _ => throw new TemplateFault($"there is no tag '{token.Text}': "
                + $"{NearestName.Instead(token.Text, s_tags)}")
            { Line = token.Line },
        };
    }

    private IfStatement If(int line)
    {
        var branches = new List<(Expression, IReadOnlyList<Statement>)>();
        do
        {
            var condition = _expressions.ParseTuple(withIf: false);
            branches.Add((condition, Opened("elif", "else", "endif")));
        }
        while (_tokens.SkipWord("elif"));
        var otherwise = _tokens.SkipWord("else") ? Opened("endif") : [];
        _tokens.RequireWord("endif");
        return new(branches, otherwise, line);
    }

    private ForStatement For(int line)
    {
        var target = _expressions.ParseTarget("in");
        _tokens.RequireWord("in");
        var entries = _expressions.ParseTuple(withIf: false, end: "recursive");
        var condition = _tokens.SkipWord("if") ? _expressions.Parse() : null;
        var isRecursive = _tokens.SkipWord("recursive");
        _loops++;
        var body = Opened("endfor", "else");
        _loops--;
        var otherwise = _tokens.SkipWord("else") ? Opened("endfor") : [];
        _tokens.RequireWord("endfor");
        return new(line)
        {
            Target = target,
            Entries = entries,
            Condition = condition,
            IsRecursive = isRecursive,
            Body = body,
            Otherwise = otherwise,
        };
    }

    private Statement Set(int line)
    {
        var target = _expressions.ParseTarget(withFields: true);
        if (_tokens.Skip("="))
            return new SetStatement(target, _expressions.ParseTuple(), line);
        var filter = _expressions.Filters(null);
        return new SetBlock(target, filter, Function(() => Closed("endset")), line);
    }

    private MacroStatement Macro(int line)
    {
        var name = _tokens.Require(TokenKind.Name, "a macro's name").Text;
        return new(Signature(name, Parameters(), "endmacro"), line);
    }

    private CallBlock Call(int line)
    {
        var parameters = _tokens.Is("(") ? Parameters() : [];
        return _expressions.Parse() is CallOf call ? new(call, Signature("caller", parameters, "endcall"), line)
            : throw _tokens.Fault("a call block needs a call");
    }

    private FilterBlock Filter(int line)
    {
        var filter = _expressions.Filters(null, isFirstBare: true)!;
        return new(filter, Function(() => Closed("endfilter")), line);
    }

    private WithStatement With(int line)
    {
        var variables = new List<(Expression, Expression)>();
        while (_tokens.Current.Kind != TokenKind.TagEnd)
        {
            if (variables.Count > 0)
                _tokens.Require(",");
            // One name each: a comma parts the variables.
            var name = _tokens.Require(TokenKind.Name, "a variable's name");
            _tokens.Require("=");
            variables.Add((new Variable(name.Text, name.Line), _expressions.Parse()));
        }
        return new(variables, Closed("endwith"), line);
    }

    private List<(string, Expression?)> Parameters()
    {
        var parameters = new List<(string Name, Expression? Default)>();
        _tokens.Require("(");
        while (!_tokens.Is(")"))
        {
            if (parameters.Count > 0)
                _tokens.Require(",");
            var name = _tokens.Require(TokenKind.Name, "a parameter's name").Text;
            var fallback = _tokens.Skip("=") ? _expressions.Parse() : null;
            if (fallback is null && parameters.Count > 0 && parameters[^1].Default is not null)
                throw _tokens.Fault("a parameter without a default follows one with a default");
            parameters.Add((name, fallback));
        }
        _tokens.Require(")");
        return parameters;
    }

    private MacroSignature Signature(string name, List<(string, Expression?)> parameters, string end)
    {
        var first = _expressions.Names.Count;
        var body = Function(() => Closed(end));
        return new()
        {
            Name = name,
            Parameters = parameters,
            Body = body,
            Specials = s_specials.Where(special => _expressions.Names.Skip(first).Contains(special)).ToHashSet(),
        };
    }

    /// <summary>A body whose loops are its own: it cannot break off one around it.</summary>
    private List<Statement> Function(Func<List<Statement>> body)
    {
        var loops = _loops;
        _loops = 0;
        var read = body();
        _loops = loops;
        return read;
    }

    /// <summary>A body with the tag's end before it; the tag that ends it is next then.</summary>
    private List<Statement> Opened(params string[] ends)
    {
        _tokens.Skip(":");
        RequireTagEnd();
        return Body(ends);
    }

    private List<Statement> Closed(string end)
    {
        var body = Opened(end);
        _tokens.RequireWord(end);
        return body;
    }

    private void RequireTagEnd() => _tokens.Require(TokenKind.TagEnd, "'%}'");
}

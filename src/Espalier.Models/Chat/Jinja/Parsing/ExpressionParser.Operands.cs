using System.Text;
using Espalier.Models.Chat.Python;

namespace Espalier.Models.Chat.Jinja.Parsing;

internal sealed partial class ExpressionParser
{
    private Expression Primary()
    {
        var token = tokens.Next();
        switch (token.Kind)
        {
            case TokenKind.Name when token.Text is "true" or "True" or "false" or "False":
                return new Constant(token.Text is "true" or "True", token.Line);
            case TokenKind.Name when token.Text is "none" or "None":
                return new Constant(null, token.Line);
            case TokenKind.Name:
                Names.Add(token.Text);
                return new Variable(token.Text, token.Line);
            case TokenKind.Text:
                var text = new StringBuilder(token.Text);
                while (tokens.Current.Kind == TokenKind.Text)
                    text.Append(tokens.Next().Text);
                return new Constant(text.ToString(), token.Line);
            case TokenKind.Integer:
                return new Constant(Literals.Integer(token.Text, token.Line), token.Line);
            case TokenKind.Float:
                return new Constant(Literals.Float(token.Text), token.Line);
            case TokenKind.Operator when token.Text == "(":
                var inner = ParseTuple(mayBeEmpty: true);
                tokens.Require(")");
                return inner;
            case TokenKind.Operator when token.Text == "[":
                return new ListLiteral(Items("]", Parse), token.Line);
            case TokenKind.Operator when token.Text == "{":
                return new DictLiteral(Items("}", () =>
                {
                    var key = Parse();
                    tokens.Require(":");
                    return (key, Parse());
                }), token.Line);
            default:
                throw new TemplateFault(token.Kind is TokenKind.TagEnd or TokenKind.PrintEnd or TokenKind.End
                    ? "a value is missing" : $"unexpected '{token.Text}'")
                { Line = token.Line };
        }
    }

    private List<T> Items<T>(string end, Func<T> item)
    {
        var items = new List<T>();
        while (!tokens.Is(end))
        {
            if (items.Count > 0)
                tokens.Require(",");
            if (tokens.Is(end))
                break;
            items.Add(item());
        }
        tokens.Require(end);
        return items;
    }

    private Expression Postfix(Expression value)
    {
        while (true)
        {
            if (tokens.Is("."))
                value = Member(value);
            else if (tokens.Is("["))
                value = Subscript(value);
            else if (tokens.Is("("))
                value = Call(value);
            else
                return value;
        }
    }

    private CallOf Call(Expression function)
    {
        var line = tokens.Current.Line;
        return new CallOf(function, Arguments(), line);
    }

    private Expression Member(Expression owner)
    {
        var line = tokens.Next().Line;
        var token = tokens.Next();
        return token.Kind switch
        {
            TokenKind.Name => new AttributeOf(owner, token.Text, line),
            TokenKind.Integer => new ItemOf(owner, new Constant(Literals.Integer(token.Text, token.Line), token.Line), line),
            _ => throw new TemplateFault("a name or a number is missing after '.'") { Line = line },
        };
    }

    private Expression Subscript(Expression owner)
    {
        var line = tokens.Next().Line;
        if (tokens.Is(":"))
            return Slice(owner, null, line);
        var key = ParseTuple(end: null);
        if (tokens.Is(":"))
            return Slice(owner, key, line);
        tokens.Require("]");
        return new ItemOf(owner, key, line);
    }

    private SliceOf Slice(Expression owner, Expression? start, int line)
    {
        Expression? End() => tokens.Skip(":") && !tokens.Is("]") && !tokens.Is(":") ? Parse() : null;
        var (stop, step) = (End(), End());
        tokens.Require("]");
        return new SliceOf(owner, start, stop, step, line);
    }

    private Expression Test(Expression value)
    {
        var line = tokens.Next().Line;
        var isNegated = tokens.SkipWord("not");
        var name = Dotted("a test's name");
        var arguments = ArgumentList.None;
        if (tokens.Is("("))
            arguments = Arguments();
        else if (tokens.Current.Kind is TokenKind.Text or TokenKind.Integer or TokenKind.Float || tokens.Is("[") || tokens.Is("{")
            || tokens.Current.Kind == TokenKind.Name && tokens.Current.Text is not ("else" or "or" or "and"))
        {
            if (tokens.IsWord("is"))
                throw tokens.Fault("tests cannot be chained with 'is'");
            // Keywords that end a condition are names to jinja2 too, but no test takes them.
            arguments = tokens.Current.Text is "if" or "in" or "not" && tokens.Current.Kind == TokenKind.Name
                ? arguments : new([Postfix(Primary())], [], null, null);
        }
        var test = new Tested(value, name, arguments, line);
        return isNegated ? new Negation(test, line) : test;
    }

    private string Dotted(string what)
    {
        var name = tokens.Require(TokenKind.Name, what).Text;
        while (tokens.Skip("."))
            name += "." + tokens.Require(TokenKind.Name, what).Text;
        return name;
    }
}

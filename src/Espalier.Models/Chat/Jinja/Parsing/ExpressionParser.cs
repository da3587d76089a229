using Espalier.Models.Chat.Python;

namespace Espalier.Models.Chat.Jinja.Parsing;

/// <summary>Reads expressions with jinja2's precedence: if, or, and, not, comparisons, + -, ~, * / // %, **, signs, then filters.</summary>
internal sealed partial class ExpressionParser(TokenStream tokens)
{
    /// <summary>The names that were read so far; a macro learns from them which special ones its body uses.</summary>
    public List<string> Names { get; } = [];

    public Expression Parse()
    {
        var line = tokens.Current.Line;
        var value = Or();
        while (tokens.SkipWord("if"))
        {
            var condition = Or();
            value = new Conditional(condition, value, tokens.SkipWord("else") ? Parse() : null, line);
        }
        return value;
    }

    /// <summary>One expression, or several with commas, which are a tuple.</summary>
    /// <param name="withIf">Whether an inline if may stand in it.</param>
    /// <param name="end">A keyword that ends it too.</param>
    /// <param name="mayBeEmpty">Whether () may be meant.</param>
    public Expression ParseTuple(bool withIf = true, string? end = null, bool mayBeEmpty = false) =>
        Tuple(() => withIf ? Parse() : Or(), end, mayBeEmpty);

    /// <summary>What is left of an = or of an in.</summary>
    /// <param name="end">A keyword that ends it.</param>
    /// <param name="withFields">Whether attributes of namespaces may be set.</param>
    public Expression ParseTarget(string? end = null, bool withFields = false)
    {
        var target = Tuple(() => Target(withFields), end, false);
        return IsTarget(target) ? target : throw tokens.Fault($"the assignment target before {tokens.Described} is not a name");
    }

    /// <summary>The arguments between ( and ).</summary>
    public ArgumentList Arguments()
    {
        tokens.Require("(");
        var (positional, named) = (new List<Expression>(), new List<(string, Expression)>());
        Expression? spread = null, spreadNamed = null;
        while (!tokens.Is(")"))
        {
            if (positional.Count + named.Count > 0 || spread is not null || spreadNamed is not null)
                tokens.Require(",");
            if (tokens.Is(")"))
                break;
            if (tokens.Is("*") && spread is null && spreadNamed is null)
            {
                tokens.Next();
                spread = Parse();
            }
            else if (tokens.Is("**") && spreadNamed is null)
            {
                tokens.Next();
                spreadNamed = Parse();
            }
            else if (tokens.Current.Kind == TokenKind.Name && tokens.Following is { Kind: TokenKind.Operator, Text: "=" }
                && spreadNamed is null)
            {
                var name = tokens.Next().Text;
                tokens.Next();
                named.Add((name, Parse()));
            }
            else if (spread is null && spreadNamed is null && named.Count == 0)
                positional.Add(Parse());
            else
                throw tokens.Fault("a positional argument follows a keyword argument");
        }
        tokens.Require(")");
        return new(positional, named, spread, spreadNamed);
    }

    /// <summary>A chain of filters after | (or, of a filter block, the first without one); null where there is none.</summary>
    public Filtered? Filters(Expression? operand, bool isFirstBare = false)
    {
        var filtered = operand as Filtered;
        var any = false;
        while (isFirstBare || tokens.Skip("|"))
        {
            isFirstBare = false;
            var (line, name) = (tokens.Current.Line, Dotted("a filter's name"));
            filtered = new(any ? filtered : operand, name, tokens.Is("(") ? Arguments() : ArgumentList.None, line);
            any = true;
        }
        return any ? filtered : null;
    }

    private Expression Or()
    {
        Budget.RequireStack();
        var (line, left) = (tokens.Current.Line, And());
        while (tokens.SkipWord("or"))
            left = new Junction(false, left, And(), line);
        return left;
    }

    private Expression And()
    {
        var (line, left) = (tokens.Current.Line, Not());
        while (tokens.SkipWord("and"))
            left = new Junction(true, left, Not(), line);
        return left;
    }

    private Expression Not()
    {
        Budget.RequireStack();
        var line = tokens.Current.Line;
        return tokens.SkipWord("not") ? new Negation(Not(), line) : Compared();
    }

    private Expression Compared()
    {
        var (line, first) = (tokens.Current.Line, Sum());
        var rest = new List<(string, Expression)>();
        while (true)
        {
            var token = tokens.Current;
            if (token.Kind == TokenKind.Operator && token.Text is "==" or "!=" or "<" or "<=" or ">" or ">=")
                rest.Add((tokens.Next().Text, Sum()));
            else if (tokens.SkipWord("in"))
                rest.Add(("in", Sum()));
            else if (tokens.IsWord("not") && tokens.Following is { Kind: TokenKind.Name, Text: "in" })
            {
                tokens.Next();
                tokens.Next();
                rest.Add(("not in", Sum()));
            }
            else
                return rest.Count == 0 ? first : new Comparison(first, rest, line);
        }
    }

    private Expression Sum() => Chain(Concatenated, "+", "-");

    private Expression Concatenated()
    {
        var (line, first) = (tokens.Current.Line, Product());
        if (!tokens.Is("~"))
            return first;
        var parts = new List<Expression> { first };
        while (tokens.Skip("~"))
            parts.Add(Product());
        return new Concatenation(parts, line);
    }

    private Expression Product() => Chain(Power, "*", "/", "//", "%");

    private Expression Power() => Chain(() => Unary(true), "**");

    private Expression Chain(Func<Expression> operand, params string[] signs)
    {
        var (line, left) = (tokens.Current.Line, operand());
        while (tokens.Current.Kind == TokenKind.Operator && Array.IndexOf(signs, tokens.Current.Text) >= 0)
        {
            var sign = tokens.Next().Text;
            left = new Binary(sign, left, operand(), line);
        }
        return left;
    }

    private Expression Unary(bool withFilters)
    {
        Budget.RequireStack();
        var line = tokens.Current.Line;
        var value = tokens.Is("-") || tokens.Is("+") ? new Signed(tokens.Next().Text, Unary(false), line) : Primary();
        value = Postfix(value);
        while (withFilters)
        {
            if (tokens.Is("|"))
                value = Filters(value)!;
            else if (tokens.IsWord("is"))
                value = Test(value);
            else if (tokens.Is("("))
                value = Call(value);
            else
                break;
        }
        return value;
    }

    private Expression Target(bool withFields)
    {
        if (withFields && tokens.Current.Kind == TokenKind.Name && tokens.Following is { Kind: TokenKind.Operator, Text: "." })
        {
            var space = tokens.Next();
            tokens.Next();
            Names.Add(space.Text);
            return new NamespaceField(space.Text, tokens.Require(TokenKind.Name, "a name").Text, space.Line);
        }
        Budget.RequireStack();
        if (!tokens.Skip("("))
            return Primary();
        var inner = Tuple(() => Target(withFields), null, false);
        tokens.Require(")");
        return inner;
    }

    private static bool IsTarget(Expression target)
    {
        Budget.RequireStack();
        return target is Variable or NamespaceField || target is TupleLiteral tuple && tuple.Items.All(IsTarget);
    }

    private Expression Tuple(Func<Expression> item, string? end, bool mayBeEmpty)
    {
        var (line, items, isTuple) = (tokens.Current.Line, new List<Expression>(), false);
        while (!IsTupleEnd(end))
        {
            items.Add(item());
            if (!tokens.Skip(","))
                break;
            isTuple = true;
        }
        if (!isTuple && items.Count == 1)
            return items[0];
        return isTuple || mayBeEmpty ? new TupleLiteral(items, line) : throw tokens.Fault($"a value is missing before {tokens.Described}");
    }

    private bool IsTupleEnd(string? end) => tokens.Current.Kind is TokenKind.PrintEnd or TokenKind.TagEnd or TokenKind.End
        || tokens.Is(")") || tokens.Is("]") || end is not null && tokens.IsWord(end);
}

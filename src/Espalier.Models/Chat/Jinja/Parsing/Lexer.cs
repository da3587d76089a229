using Espalier.Models.Chat.Python;

namespace Espalier.Models.Chat.Jinja.Parsing;

/// <summary>
/// Cuts a template in tokens as jinja2 does with <c>trim_blocks</c> and <c>lstrip_blocks</c>: a line break after a tag goes, and so does
/// white space between a line's start and a tag; a minus in a tag takes all white space on its side, a plus keeps it.
/// </summary>
internal sealed class Lexer
{
    private readonly string _source;
    private readonly List<Token> _tokens = [];
    private int _at;
    private int _line = 1;

    // Whether what was cut last ended a line: white space before a tag then stands at a line's start.
    private bool _startsLine = true;

    private Lexer(string source) => _source = source;

    /// <summary>The tokens of a template.</summary>
    /// <exception cref="TemplateFault">A tag, a comment or a quoted string is not closed, or a character has no meaning.</exception>
    public static List<Token> Tokens(string source)
    {
        source = source.Replace("\r\n", "\n", StringComparison.Ordinal).Replace('\r', '\n');
        var lexer = new Lexer(source.EndsWith('\n') ? source[..^1] : source);
        while (lexer._at < lexer._source.Length)
            lexer.Root();
        lexer.Add(TokenKind.End, "");
        return lexer._tokens;
    }

    private void Root()
    {
        var start = _at;
        var open = start;
        while ((open = _source.IndexOf('{', open)) >= 0 && !(open + 1 < _source.Length && _source[open + 1] is '{' or '%' or '#'))
            open++;
        if (open < 0)
        {
            Data(_source[start..], '\0', true);
            Advance(_source.Length);
            return;
        }
        var kind = _source[open + 1];
        var sign = open + 2 < _source.Length && _source[open + 2] is '-' or '+' ? _source[open + 2] : '\0';
        Data(_source[start..open], sign, kind == '{');
        Advance(open + (sign == '\0' ? 2 : 3));
        _startsLine = false;
        if (kind == '#')
            Comment();
        else if (kind == '%' && RawBegin() is { } body)
            Raw(body);
        else
        {
            Add(kind == '{' ? TokenKind.PrintBegin : TokenKind.TagBegin, _source[open..(open + 2)]);
            Tag(kind == '{' ? '}' : '%');
        }
    }

    /// <summary>The text before a tag.</summary>
    private void Data(string text, char sign, bool isPrint)
    {
        if (sign == '-')
            text = CodePoints.Strip(text, null, left: false);
        else if (sign != '+' && !isPrint)
        {
            var lineStart = text.LastIndexOf('\n') + 1;
            if ((lineStart > 0 || _startsLine) && text.AsSpan(lineStart).IndexOfAnyExcept(s_white) < 0)
                text = text[..lineStart];
        }
        if (text.Length > 0)
            Add(TokenKind.Data, text);
    }

    private void Comment()
    {
        var end = _source.IndexOf("#}", _at, StringComparison.Ordinal);
        // At the very end of a template jinja2 misses no closing mark.
        if (_at == _source.Length)
            return;
        if (end < 0)
            throw Fault("a comment '{#' has no '#}'");
        var sign = end > _at ? _source[end - 1] : '\0';
        Advance(end);
        Close(sign, 2);
    }

    /// <summary>Where the body of a raw block starts that the tag here opens; null where it opens another.</summary>
    private int? RawBegin()
    {
        var at = SkipWhite(_at);
        if (!Is("raw", at))
            return null;
        at = SkipWhite(at + 3);
        return Is("%}", at) ? at + 2 : Is("-%}", at) ? SkipWhite(at + 3) : null;
    }

    private void Raw(int body)
    {
        Advance(body);
        if (body == _source.Length)
            return;
        for (var open = body; (open = _source.IndexOf("{%", open, StringComparison.Ordinal)) >= 0; open += 2)
        {
            var sign = open + 2 < _source.Length && _source[open + 2] is '-' or '+' ? _source[open + 2] : '\0';
            var at = SkipWhite(open + (sign == '\0' ? 2 : 3));
            if (!Is("endraw", at))
                continue;
            at = SkipWhite(at + 6);
            var close = Is("%}", at) ? '\0' : Is("-%}", at) ? '-' : Is("+%}", at) ? '+' : '?';
            if (close == '?')
                continue;
            Data(_source[body..open], sign, false);
            Advance(at + (close == '\0' ? 0 : 1));
            Close(close, 2);
            return;
        }
        throw Fault("a raw block has no 'endraw'");
    }

    /// <summary>What is between the marks of a tag.</summary>
    private void Tag(char close)
    {
        var brackets = new Stack<char>();
        while (_at < _source.Length)
        {
            var c = _source[_at];
            if (brackets.Count == 0)
            {
                var signed = c == '-' || c == '+' && close == '%' ? 1 : 0;
                if (Is($"{close}}}", _at + signed))
                {
                    Add(close == '}' ? TokenKind.PrintEnd : TokenKind.TagEnd, "");
                    Advance(_at + signed);
                    Close(signed == 1 ? c : close == '}' ? '+' : '\0', 2);
                    return;
                }
            }
            if (CodePoints.IsSpace(c))
                Advance(SkipWhite(_at));
            else if (Literals.Number(_source, _at) is var (length, isFloat))
                Take(isFloat ? TokenKind.Float : TokenKind.Integer, length);
            else if (Literals.IsWord(_source, _at))
                Name();
            else if (c is '"' or '\'')
                Quoted(c);
            else
                Operator(brackets);
        }
        throw Fault(close == '}' ? "'{{' has no '}}'" : "'{%' has no '%}'");
    }

    private void Name()
    {
        var end = _at;
        while (end < _source.Length && Literals.IsWord(_source, end))
            end++;
        var name = _source[_at..end];
        if (!Methods.StringMethods.IsIdentifier(name))
            throw Fault($"'{name}' is not a name");
        Take(TokenKind.Name, name.Length);
    }

    private void Quoted(char quote)
    {
        var end = _at + 1;
        while (end < _source.Length && _source[end] != quote)
            end += _source[end] == '\\' ? 2 : 1;
        if (end >= _source.Length)
            throw Fault("a quoted string is not closed");
        Add(TokenKind.Text, Literals.Unescape(_source[(_at + 1)..end], _line));
        Advance(end + 1);
    }

    private void Operator(Stack<char> brackets)
    {
        var c = _source[_at];
        var two = _at + 1 < _source.Length ? _source.Substring(_at, 2) : "";
        if (two is "//" or "**" or "==" or "!=" or ">=" or "<=")
        {
            Take(TokenKind.Operator, 2);
            return;
        }
        if (!"+-/*%~[](){}><=.:|,;".Contains(c, StringComparison.Ordinal))
            throw Fault($"unexpected character '{c}'");
        if (c is '(' or '[' or '{')
            brackets.Push(c switch { '(' => ')', '[' => ']', _ => '}' });
        else if (c is ')' or ']' or '}' && (brackets.Count == 0 || brackets.Pop() != c))
            throw Fault($"unexpected '{c}'");
        Take(TokenKind.Operator, 1);
    }

    /// <summary>Passes the end of a tag and the white space that goes with it.</summary>
    private void Close(char sign, int length)
    {
        var end = _at + length;
        if (sign == '-')
            end = SkipWhite(end);
        else if (sign != '+' && end < _source.Length && _source[end] == '\n')
            end++;
        Advance(end);
        _startsLine = _source[end - 1] == '\n';
    }

    private static readonly System.Buffers.SearchValues<char> s_white = System.Buffers.SearchValues.Create(
        [.. Enumerable.Range(0, char.MaxValue + 1).Select(static c => (char)c).Where(CodePoints.IsSpace)]);

    private void Take(TokenKind kind, int length)
    {
        Add(kind, _source.Substring(_at, length));
        Advance(_at + length);
    }

    private void Add(TokenKind kind, string text) => _tokens.Add(new(kind, text, _line));

    private void Advance(int to)
    {
        _line += _source.AsSpan(_at, to - _at).Count('\n');
        _at = to;
    }

    private int SkipWhite(int at)
    {
        while (at < _source.Length && CodePoints.IsSpace(_source[at]))
            at++;
        return at;
    }

    private bool Is(string word, int at) => at <= _source.Length && _source.AsSpan(at).StartsWith(word, StringComparison.Ordinal);

    private TemplateFault Fault(string message) => new(message) { Line = _line };
}

using Espalier.Evaluation.FunctionCalls.Values;

namespace Espalier.Evaluation.FunctionCalls.Decoding.Python;

/// <summary>What a token of Python is.</summary>
internal enum PythonTokenKind
{
    /// <summary>A name or keyword.</summary>
    Name,

    /// <summary>A number or a text.</summary>
    Constant,

    /// <summary>An f-string, of which nothing but its extent is known.</summary>
    FormattedText,

    /// <summary>An operator or a bracket.</summary>
    Operator,

    /// <summary>The end of a line outside all brackets.</summary>
    NewLine,

    /// <summary>The end.</summary>
    End,
}

/// <summary>A token.</summary>
/// <param name="Text">A name or operator; else empty.</param>
/// <param name="Value">A constant's value.</param>
/// <param name="Start">Where it starts.</param>
/// <param name="End">Where the next character stands.</param>
internal readonly record struct PythonToken(PythonTokenKind Kind, string Text, PyValue? Value, int Start, int End);

/// <summary>Python 3's tokens, one after the other (The Python Language Reference, section 2).</summary>
internal sealed class PythonTokens(string source)
{
    /// <summary>CPython's limit of nested brackets (tokenizer.h, MAXLEVEL).</summary>
    private const int MaxBrackets = 200;

    private static readonly string[] s_operators =
    [
        "**=", "//=", ">>=", "<<=", "...", "**", "//", ">>", "<<", "<=", ">=", "==", "!=", "->", "+=", "-=", "*=", "/=", "%=", "&=", "|=",
        "^=", "@=", ":=", "+", "-", "*", "/", "%", "@", "&", "|", "^", "~", "<", ">", "(", ")", "[", "]", "{", "}", ",", ":", ".", ";", "=",
    ];

    private readonly Stack<char> _brackets = [];
    private int _at;

    /// <summary>The next token.</summary>
    /// <exception cref="NoCallException">What follows is no Python.</exception>
    public PythonToken Next()
    {
        while (_at < source.Length)
        {
            var c = source[_at];
            if (c is ' ' or '\t' or '\f' || (c is '\n' or '\r' && _brackets.Count > 0))
                _at++;
            else if (c is '\n' or '\r')
                return new(PythonTokenKind.NewLine, "", null, _at, ++_at);
            else if (c == '#')
                _at = source.AsSpan(_at).IndexOfAny('\n', '\r') is >= 0 and var rest ? _at + rest : source.Length;
            else if (c == '\\' && _at + 1 < source.Length && source[_at + 1] is '\n' or '\r')
                _at += source.AsSpan(_at + 1).StartsWith("\r\n") ? 3 : 2;
            else
                return Token(c);
        }
        return new(PythonTokenKind.End, "", null, _at, _at);
    }

    private PythonToken Token(char c)
    {
        var start = _at;
        if (char.IsAsciiDigit(c) || (c == '.' && _at + 1 < source.Length && char.IsAsciiDigit(source[_at + 1])))
        {
            var number = PythonNumbers.Read(source, ref _at);
            return new(PythonTokenKind.Constant, "", number, start, _at);
        }
        if (PythonStrings.Starts(source, _at))
        {
            var text = PythonStrings.Read(source, ref _at);
            return new(text is null ? PythonTokenKind.FormattedText : PythonTokenKind.Constant, "", text, start, _at);
        }
        if (IsNameStart(_at))
        {
            while (_at < source.Length && IsNamePart(_at))
                _at += char.IsHighSurrogate(source[_at]) ? 2 : 1;
            return new(PythonTokenKind.Name, source[start.._at], null, start, _at);
        }
        foreach (var candidate in s_operators)
            if (source.AsSpan(_at).StartsWith(candidate, StringComparison.Ordinal))
                return Operator(candidate, start);
        throw new NoCallException($"character {_at + 1} is not Python");
    }

    private PythonToken Operator(string text, int start)
    {
        if (text is "(" or "[" or "{")
        {
            if (_brackets.Count == MaxBrackets)
                throw new NoCallException($"has more than {MaxBrackets} nested brackets");
            _brackets.Push(text switch { "(" => ')', "[" => ']', _ => '}' });
        }
        else if (text is ")" or "]" or "}" && (!_brackets.TryPop(out var wanted) || wanted != text[0]))
            throw new NoCallException($"the bracket at character {start + 1} is unmatched");
        _at += text.Length;
        return new(PythonTokenKind.Operator, text, null, start, _at);
    }

    private bool IsNameStart(int at) => source[at] == '_' || IsLetter(at);

    private bool IsNamePart(int at) => IsNameStart(at) || char.IsDigit(source, at)
        || char.GetUnicodeCategory(source, at) is UnicodeCategory.NonSpacingMark
            or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.ConnectorPunctuation;

    private bool IsLetter(int at) => char.IsLetter(source, at)
        || char.GetUnicodeCategory(source, at) == UnicodeCategory.LetterNumber;
}

namespace Espalier.Evaluation.Instructions;

/// <summary>
/// Whether Python's <c>json.loads</c> reads a text: JSON and, beside it, NaN, Infinity and -Infinity. Deeper than Python's recursion goes,
/// about, it is none.
/// </summary>
internal sealed class PythonJson
{
    private const int Deepest = 990;

    private readonly string _text;
    private int _at;

    private PythonJson(string text) => _text = text;

    /// <summary>Whether it is JSON from its first character to its last.</summary>
    public static bool IsValid(string text)
    {
        var json = new PythonJson(text);
        json.SkipWhite();
        if (!json.Value(0))
            return false;
        json.SkipWhite();
        return json._at == text.Length;
    }

    private char Next => _at < _text.Length ? _text[_at] : '\0';

    private bool Value(int depth) => Next switch
    {
        '{' => depth < Deepest && List('}', () => Text() && After(':') && Value(depth + 1)),
        '[' => depth < Deepest && List(']', () => Value(depth + 1)),
        '"' => Text(),
        _ => Take("null") || Take("true") || Take("false") || Take("NaN") || Take("Infinity") || Take("-Infinity") || Number(),
    };

    private bool List(char end, Func<bool> entry)
    {
        _at++;
        SkipWhite();
        if (Take(end))
            return true;
        while (entry())
        {
            SkipWhite();
            if (Take(end))
                return true;
            if (!Take(','))
                return false;
            SkipWhite();
        }
        return false;
    }

    private bool After(char sign)
    {
        SkipWhite();
        if (!Take(sign))
            return false;
        SkipWhite();
        return true;
    }

    private bool Text()
    {
        if (!Take('"'))
            return false;
        while (_at < _text.Length)
        {
            var c = _text[_at++];
            if (c == '"')
                return true;
            if (c < ' ' || c == '\\' && !Escape())
                return false;
        }
        return false;
    }

    private bool Escape()
    {
        if (_at == _text.Length)
            return false;
        var c = _text[_at++];
        if (c != 'u')
            return "\"\\/bfnrt".Contains(c, StringComparison.Ordinal);
        _at += 4;
        return _at <= _text.Length && _text.AsSpan(_at - 4, 4).IndexOfAnyExcept(s_hex) < 0;
    }

    private static readonly System.Buffers.SearchValues<char> s_hex = System.Buffers.SearchValues.Create("0123456789abcdefABCDEF");

    private bool Number()
    {
        Take('-');
        if (!Take('0') && !Digits())
            return false;
        var (end, isPart) = (_at, Take('.') && Digits());
        _at = isPart ? _at : end;
        end = _at;
        if (Take('e') || Take('E'))
        {
            _ = Take('+') || Take('-');
            _at = Digits() ? _at : end;
        }
        return true;
    }

    private bool Digits()
    {
        var start = _at;
        while (char.IsAsciiDigit(Next))
            _at++;
        return _at > start;
    }

    private bool Take(char sign)
    {
        if (Next != sign || _at == _text.Length)
            return false;
        _at++;
        return true;
    }

    private bool Take(string word)
    {
        if (!_text.AsSpan(_at).StartsWith(word, StringComparison.Ordinal))
            return false;
        _at += word.Length;
        return true;
    }

    private void SkipWhite()
    {
        while (Next is ' ' or '\t' or '\n' or '\r')
            _at++;
    }
}

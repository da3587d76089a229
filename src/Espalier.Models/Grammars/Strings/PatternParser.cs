using static Espalier.Models.Grammars.Strings.PatternNode;

namespace Espalier.Models.Grammars.Strings;

/// <summary>
/// Reads a regular expression in the syntax of ECMA-262 with the flag <c>u</c>, as JSON Schema has it, and of that what a finite automaton
/// can hold. Everything else is refused by its name.
/// </summary>
internal sealed class PatternParser
{
    private const int MostTimes = 1000, Deepest = 64;

    private readonly string _text;
    private readonly PatternErrors _errors;
    private int _at, _depth;

    private PatternParser(string text, string place) => (_text, _errors) = (text, new(text, place));

    /// <summary>Reads a whole expression.</summary>
    /// <exception cref="EspalierException">It is none, or has what is not supported.</exception>
    public static PatternNode Parse(string text, string place)
    {
        var parser = new PatternParser(text, place);
        var node = parser.Alternatives();
        return parser._at == text.Length ? node : throw parser._errors.Malformed("a ')' is unmatched");
    }

    private PatternNode Alternatives()
    {
        if (++_depth > Deepest)
            throw _errors.Unsupported($"groups more than {Deepest} deep");
        var parts = new List<PatternNode> { Parts() };
        while (Takes("|"))
            parts.Add(Parts());
        _depth--;
        return parts is [var single] ? single : new Either(parts);
    }

    private PatternNode Parts()
    {
        var parts = new List<PatternNode>();
        while (_at < _text.Length && _text[_at] is not ('|' or ')'))
            parts.Add(Repeated(Part()));
        return parts is [var single] ? single : new Row(parts);
    }

    private PatternNode Part()
    {
        switch (_text[_at])
        {
            case '(':
                return Group();
            case '[':
                return new One(PatternClasses.Class(_text, ref _at, _errors));
            case '.':
                _at++;
                return new One(PatternClasses.NoLineEnd);
            case '^':
                _at++;
                return new Start();
            case '$':
                _at++;
                return new End();
            case '*' or '+' or '?' or '{' or '}' or ']':
                throw _errors.Malformed($"'{_text[_at]}' has nothing before it to repeat");
            default:
                return new One(PatternClasses.Character(_text, ref _at, _errors));
        }
    }

    private PatternNode Group()
    {
        var start = _at++;
        if (Takes("?<") && _at < _text.Length && _text[_at] is not ('=' or '!'))
        {
            var end = _text.IndexOf('>', _at);
            _at = end < 0 ? throw _errors.Malformed("a '(?<' has no name") : end + 1;
        }
        else if (_at > start + 1 || (!Takes("?:") && _at < _text.Length && _text[_at] == '?'))
            throw _errors.Unsupported($"'{_text[start..Math.Min(_text.Length, start + 4)]}'");
        var node = Alternatives();
        return Takes(")") ? node : throw _errors.Malformed("a '(' is not closed");
    }

    private PatternNode Repeated(PatternNode part)
    {
        int least;
        int? most;
        if (Takes("*"))
            (least, most) = (0, null);
        else if (Takes("+"))
            (least, most) = (1, null);
        else if (Takes("?"))
            (least, most) = (0, 1);
        else if (_at < _text.Length && _text[_at] == '{')
            least = Counts(out most);
        else
            return part;
        if (part is Start or End)
            throw _errors.Malformed("a repetition follows '^' or '$'");
        // The fewest first or the most first: the same strings.
        Takes("?");
        if (_at < _text.Length && _text[_at] is '*' or '+' or '?' or '{')
            throw _errors.Malformed($"'{_text[_at]}' follows a repetition");
        return new Repeat(part, least, most);
    }

    private int Counts(out int? most)
    {
        var end = _text.IndexOf('}', _at);
        var parts = end < 0 ? [] : _text[(_at + 1)..end].Split(',');
        int last = 0;
        if (parts.Length is not (1 or 2) || !Count(parts[0], out var least) || parts is [_, { Length: > 0 }] && !Count(parts[1], out last))
            throw _errors.Malformed("a '{' does not begin a count such as {2}, {2,} or {2,5}");
        most = parts.Length == 1 ? least : parts[1].Length == 0 ? null : last;
        if (most < least)
            throw _errors.Malformed($"the count {{{least},{most}}} ends below its start");
        if (least > MostTimes || most > MostTimes)
            throw _errors.Unsupported($"more than {MostTimes} repetitions");
        _at = end + 1;
        return least;
    }

    // A count beyond all that are followed is one nevertheless.
    private static bool Count(string text, out int value)
    {
        var isCount = int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value);
        if (isCount || text.Length == 0 || !text.All(char.IsAsciiDigit))
            return isCount;
        value = int.MaxValue;
        return true;
    }

    private bool Takes(string part)
    {
        if (string.CompareOrdinal(_text, _at, part, 0, part.Length) != 0)
            return false;
        _at += part.Length;
        return true;
    }
}

using static Espalier.Models.Tokenizers.Expressions.ExpressionNode;

namespace Espalier.Models.Tokenizers.Expressions;

/// <summary>
/// Reads the part of Oniguruma's syntax that is matched exactly here (docs/decisions/0037-split-expressions.md). Everything else is
/// refused by its name, and nothing is guessed.
/// </summary>
internal sealed class ExpressionParser
{
    // No counted repetition of a published tokenizer comes near it; a program is as long as its counts.
    private const int MostTimes = 1000, Deepest = 64;

    private readonly string _text;
    private readonly Func<string, EspalierException> _refuse;
    private readonly ExpressionClasses _classes;
    private bool _ignoreCase;
    private int _at, _depth;

    private ExpressionParser(string text, Func<string, EspalierException> refuse)
    {
        (_text, _refuse) = (text, refuse);
        _classes = new(text, refuse);
    }

    /// <summary>Reads a whole expression.</summary>
    /// <param name="text">The expression.</param>
    /// <param name="refuse">Makes the error for what is not supported, from its name.</param>
    public static ExpressionNode Parse(string text, Func<string, EspalierException> refuse)
    {
        var parser = new ExpressionParser(text, refuse);
        var node = parser.Alternatives();
        return parser._at == text.Length ? node : throw refuse("an unmatched ')'");
    }

    private ExpressionNode Alternatives()
    {
        if (++_depth > Deepest)
            throw _refuse($"groups more than {Deepest} deep");
        var before = _ignoreCase;
        var parts = new List<ExpressionNode> { RowOfParts() };
        while (Takes('|'))
            parts.Add(RowOfParts());
        _ignoreCase = before;
        _depth--;
        return parts is [var single] ? single : new Either(parts);
    }

    private ExpressionNode RowOfParts()
    {
        var parts = new List<ExpressionNode>();
        var last = '\0';
        while (_at < _text.Length && _text[_at] is not ('|' or ')'))
        {
            if (_text.AsSpan(_at).StartsWith("(?i)") || _text.AsSpan(_at).StartsWith("(?-i)"))
            {
                _ignoreCase = _text[_at + 2] == 'i';
                _at = _text.IndexOf(')', _at) + 1;
                continue;
            }
            var from = _at;
            var part = Part();
            // Oniguruma also folds one character to two, which would have to be known here.
            var letter = _ignoreCase && _at == from + 1 ? char.ToLowerInvariant(_text[from]) : '\0';
            if ($"{last}{letter}" is "ss" or "st" or "ff" or "fi" or "fl")
                throw _refuse($"'{last}{letter}' ignoring case, which a single character also matches");
            last = letter;
            parts.Add(Repeated(part));
        }
        return parts is [var single] ? single : new Row(parts);
    }

    private ExpressionNode Part()
    {
        var c = _text[_at++];
        switch (c)
        {
            case '(':
                return Group();
            case '[':
                return new One(_classes.Class(ref _at, _ignoreCase));
            case '.':
                return new One(new(static point => point != '\n'));
            case '^':
                return new Place(PlaceKind.LineStart);
            case '$':
                return new Place(PlaceKind.LineEnd);
            case '*' or '+' or '?' or '{':
                throw _refuse($"'{c}' with nothing before it to repeat");
            case '\\' when _at < _text.Length && PlaceOf(_text[_at]) is { } place:
                _at++;
                return new Place(place);
            case '\\':
                return new One(_classes.Escape(ref _at, _ignoreCase));
            default:
                var point = c;
                if (char.IsHighSurrogate(c) && _at < _text.Length)
                    return new One(_classes.Literal(char.ConvertToUtf32(c, _text[_at++]), _ignoreCase));
                return new One(_classes.Literal(point, _ignoreCase));
        }
    }

    private static PlaceKind? PlaceOf(char c) => c switch
    {
        'A' => PlaceKind.TextStart,
        'z' => PlaceKind.TextEnd,
        'Z' => PlaceKind.TextEndOrLast,
        'b' => PlaceKind.WordEdge,
        'B' => PlaceKind.NoWordEdge,
        _ => null,
    };

    private ExpressionNode Group()
    {
        var (ignoreCase, start) = (_ignoreCase, _at);
        ExpressionNode node;
        if (!Takes('?'))
            node = Alternatives();
        else if (Takes(':'))
            node = Alternatives();
        else if (Takes('i') && Takes(':'))
            (_ignoreCase, node) = (true, Inside(true));
        else if (_text.AsSpan(_at).StartsWith("-i:"))
        {
            _at += 3;
            node = Inside(false);
        }
        else if (Takes('='))
            node = Looks(behind: false, negated: false);
        else if (Takes('!'))
            node = Looks(behind: false, negated: true);
        else if (_text.AsSpan(_at).StartsWith("<="))
        {
            _at += 2;
            node = Looks(behind: true, negated: false);
        }
        else if (_text.AsSpan(_at).StartsWith("<!"))
        {
            _at += 2;
            node = Looks(behind: true, negated: true);
        }
        else
            throw _refuse($"'({_text[start..Math.Min(_text.Length, start + 3)]}'");
        _ignoreCase = ignoreCase;
        return Takes(')') ? node : throw _refuse("a '(' that is not closed");
    }

    private ExpressionNode Inside(bool ignoreCase)
    {
        _ignoreCase = ignoreCase;
        return Alternatives();
    }

    private Look Looks(bool behind, bool negated) => new([.. Rows(Alternatives()).Select(row => Sets(row, behind))], behind, negated);

    private static IReadOnlyList<ExpressionNode> Rows(ExpressionNode node) => node is Either either ? either.Parts : [node];

    private IReadOnlyList<CodePointSet> Sets(ExpressionNode node, bool behind)
    {
        IReadOnlyList<ExpressionNode> parts = node is Row row ? row.Parts : [node];
        return [.. parts.Select(part => part is One one ? one.Set
            : throw _refuse($"a look{(behind ? "behind" : "ahead")} at more than a sequence of characters"))];
    }

    private ExpressionNode Repeated(ExpressionNode part)
    {
        while (_at < _text.Length)
        {
            int least, most;
            var counted = false;
            if (Takes('*'))
                (least, most) = (0, int.MaxValue);
            else if (Takes('+'))
                (least, most) = (1, int.MaxValue);
            else if (Takes('?'))
                (least, most) = (0, 1);
            else if (_text[_at] == '{')
                (least, counted) = (Counts(out most), true);
            else
                break;
            if (part is Place or Look)
                throw _refuse("a repetition of something with no width");
            // After a count, Oniguruma takes a further '+' or '?' as a repetition of the repetition.
            var kind = counted ? RepeatKind.Greedy : Takes('?') ? RepeatKind.Lazy : Takes('+') ? RepeatKind.Possessive : RepeatKind.Greedy;
            if (kind == RepeatKind.Possessive && part is not One)
                throw _refuse("a possessive repetition of more than one character");
            part = new Repeat(part, least, most, kind);
        }
        return part;
    }

    private int Counts(out int most)
    {
        var end = _text.IndexOf('}', _at);
        var parts = end < 0 ? [] : _text[(_at + 1)..end].Split(',');
        most = 0;
        if (parts.Length is not (1 or 2) || !Count(parts[0], 0, out var least)
            || !Count(parts[^1], parts.Length == 1 ? -1 : int.MaxValue, out most) || most < least
            || (parts.Length == 2 && parts[0].Length + parts[1].Length == 0))
            throw _refuse("a '{' that does not begin a count");
        if (least > MostTimes || (most > MostTimes && most != int.MaxValue))
            throw _refuse($"more than {MostTimes} repetitions");
        _at = end + 1;
        return least;
    }

    private static bool Count(string text, int whenEmpty, out int value)
    {
        value = whenEmpty;
        return text.Length == 0 ? whenEmpty >= 0 : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value);
    }

    private bool Takes(char c)
    {
        if (_at == _text.Length || _text[_at] != c)
            return false;
        _at++;
        return true;
    }
}

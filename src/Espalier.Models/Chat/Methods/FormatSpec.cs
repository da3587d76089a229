using System.Numerics;
using System.Text;
using Espalier.Models.Chat.Python;

namespace Espalier.Models.Chat.Methods;

/// <summary>Python's mini-language of formats, <c>[[fill]align][sign][#][0][width][,_][.precision][type]</c>.</summary>
internal sealed record FormatSpec
{
    private const int MostDigits = 2000;

    /// <summary>What fills the width.</summary>
    public string Fill { get; init; } = " ";

    /// <summary>&lt; &gt; ^ or =; '\0' for what the type does.</summary>
    public char Align { get; init; }

    /// <summary>+ - or a space.</summary>
    public char Sign { get; init; } = '-';

    /// <summary>Whether a prefix such as 0x, or a point without digits after it, is written.</summary>
    public bool IsAlternate { get; init; }

    /// <summary>The least number of characters.</summary>
    public long Width { get; init; }

    /// <summary>, or _ between groups of digits; '\0' for none.</summary>
    public char Group { get; init; }

    /// <summary>Digits after the point, or the most characters of a text; null where nothing was given.</summary>
    public long? Precision { get; init; }

    /// <summary>The letter at the end; '\0' for none.</summary>
    public char Type { get; init; }

    /// <summary><c>format(value, spec)</c>.</summary>
    public static string Format(object? value, string spec, Budget budget)
    {
        if (spec.Length == 0)
            return PythonText.Str(value, budget);
        var parsed = Parse(spec);
        return value switch
        {
            string or Markup => parsed.Text(PythonValues.TextOf(value)!, budget),
            long or BigInteger or bool when parsed.Type is '\0' or 'd' or 'n' or 'x' or 'X' or 'o' or 'b' or 'c'
                => parsed.Integer(value, budget),
            long or BigInteger or bool or double when parsed.Type is '\0' or 'e' or 'E' or 'f' or 'F' or 'g' or 'G' or '%' or 'n' =>
                parsed.Float(PythonNumbers.ToDouble(value), budget),
            long or double or bool or BigInteger =>
                throw new TemplateFault($"the format '{parsed.Type}' does not apply to a '{PythonValues.TypeName(value)}'"),
            _ => throw new TemplateFault($"a '{PythonValues.TypeName(value)}' takes no format such as '{spec}'"),
        };
    }

    /// <summary>A text by these rules.</summary>
    public string Text(string text, Budget budget)
    {
        if (Type is not ('\0' or 's') || Align == '=')
            throw new TemplateFault($"the format '{(Align == '=' ? '=' : Type)}' does not apply to a 'str'");
        if (Precision is { } most && most < text.Length && CodePoints.Count(text) > most)
            text = text[..CodePoints.Boundaries(text)[most]];
        return Pad("", text, Align == '\0' ? '<' : Align, budget);
    }

    /// <summary>An int by these rules.</summary>
    public string Integer(object value, Budget budget)
    {
        if (Precision is not null)
            throw new TemplateFault("an int takes no precision in its format");
        var number = PythonNumbers.Integer(value);
        if (Type == 'c')
            return Pad("", Rune.IsValid((long)number is var code && code is >= 0 and <= 0x10FFFF ? (int)code : -1)
                ? new Rune((int)number).ToString() : throw new TemplateFault("the format 'c' takes a code point"), Align, budget);
        if (number.GetBitLength() > 14_000)
            throw new TemplateFault("an int has more than 4300 digits");
        var size = BigInteger.Abs(number);
        var digits = Type switch
        {
            'x' or 'X' => size.ToString(Type == 'x' ? "x" : "X", CultureInfo.InvariantCulture).TrimStart('0') is { Length: > 0 } hex ? hex : "0",
            'o' => Digits(size, 3),
            'b' => Digits(size, 1),
            _ => size.ToString(CultureInfo.InvariantCulture),
        };
        var prefix = IsAlternate && Type is 'x' or 'X' or 'o' or 'b' && IsAlternate ? $"0{Type}" : "";
        return Number(number.Sign < 0, prefix, digits, "", Type is 'x' or 'X' or 'o' or 'b' ? 4 : 3, budget);
    }

    /// <summary>A float by these rules.</summary>
    public string Float(double value, Budget budget)
    {
        if (Precision > MostDigits)
            throw new TemplateFault($"a format asks for {Precision} digits, more than {MostDigits}");
        var text = FloatText.Of(Math.Abs(value), Type, (int?)Precision, IsAlternate);
        var end = text.AsSpan().IndexOfAnyExceptInRange('0', '9');
        if (end == 0)
            return Number(double.IsNegative(value) && !double.IsNaN(value), "", text, "", 0, budget);
        return Number(double.IsNegative(value), "", end < 0 ? text : text[..end], end < 0 ? "" : text[end..], 3, budget);
    }

    public static FormatSpec Parse(string spec)
    {
        var (at, result) = (0, new FormatSpec());
        var first = Rune.GetRuneAt(spec, 0).Utf16SequenceLength;
        var hasFill = spec.Length > first && spec[first] is '<' or '>' or '^' or '=';
        if (hasFill)
            (result, at) = (result with { Fill = spec[..first], Align = spec[first] }, first + 1);
        else if (spec[0] is '<' or '>' or '^' or '=')
            (result, at) = (result with { Align = spec[0] }, 1);
        char Next() => at < spec.Length ? spec[at] : '\0';
        if (Next() is '+' or '-' or ' ')
            result = result with { Sign = spec[at++] };
        if (Next() == '#')
            (result, at) = (result with { IsAlternate = true }, at + 1);
        if (Next() == '0')
        {
            result = hasFill ? result : result with { Fill = "0", Align = result.Align == '\0' ? '=' : result.Align };
            at++;
        }
        if (char.IsAsciiDigit(Next()))
            result = result with { Width = Digits(spec, ref at) };
        if (Next() is ',' or '_')
            result = result with { Group = spec[at++] };
        if (Next() == '.')
        {
            at++;
            result = result with { Precision = char.IsAsciiDigit(Next()) ? Digits(spec, ref at) : throw Bad(spec) };
        }
        if (at < spec.Length)
            result = result with { Type = spec[at++] };
        return at == spec.Length ? result : throw Bad(spec);
    }

    /// <summary>A number in a format.</summary>
    public static long Digits(string text, ref int at)
    {
        var start = at;
        while (at < text.Length && char.IsAsciiDigit(text[at]))
            at++;
        return long.TryParse(text.AsSpan(start, at - start), CultureInfo.InvariantCulture, out var number) && number <= int.MaxValue
            ? number : throw new TemplateFault("a format has too large a number");
    }

    private static TemplateFault Bad(string spec) => new($"'{spec}' is not a format");

    private string Number(bool isNegative, string prefix, string digits, string rest, int group, Budget budget)
    {
        var sign = (isNegative ? "-" : Sign == '-' ? "" : Sign.ToString()) + prefix;
        if (Group != '\0' && group > 0)
        {
            // With zeros for a fill, the groups go through the zeros too.
            budget.Characters(Width);
            if (Align == '=' && Fill == "0")
                while (Grouped(digits, group).Length + sign.Length + rest.Length < Width)
                    digits = "0" + digits;
            digits = Grouped(digits, group);
        }
        return Pad(sign, digits + rest, Align == '\0' ? '>' : Align, budget);
    }

    private string Grouped(string digits, int size)
    {
        var grouped = new StringBuilder(digits);
        for (var i = digits.Length - size; i > 0; i -= size)
            grouped.Insert(i, Group);
        return grouped.ToString();
    }

    private string Pad(string sign, string body, char align, Budget budget)
    {
        var lack = (int)Math.Max(0, Width - sign.Length - CodePoints.Count(body));
        budget.Characters(body.Length + sign.Length + (long)lack * Fill.Length);
        string Filled(int count) => Fill.Length == 1 ? new(Fill[0], count) : string.Concat(Enumerable.Repeat(Fill, count));
        return align switch
        {
            '=' => sign + Filled(lack) + body,
            '>' => Filled(lack) + sign + body,
            '^' => Filled(lack / 2) + sign + body + Filled(lack - lack / 2),
            _ => sign + body + Filled(lack),
        };
    }

    private static string Digits(BigInteger value, int bits)
    {
        var digits = new StringBuilder();
        for (; !value.IsZero; value >>= bits)
            digits.Insert(0, (char)('0' + (int)(value & ((1 << bits) - 1))));
        return digits.Length == 0 ? "0" : digits.ToString();
    }
}

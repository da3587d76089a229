using System.Numerics;
using System.Text;
using Espalier.Models.Chat.Python;

namespace Espalier.Models.Chat.Methods;

/// <summary>Python's <c>text % values</c>.</summary>
internal static class PercentFormat
{
    /// <summary>The text with its % filled in.</summary>
    /// <param name="format">The text.</param>
    /// <param name="values">A tuple of values, a dict for <c>%(name)s</c>, or one value.</param>
    /// <param name="budget">What counts the result.</param>
    public static string Apply(string format, object? values, Budget budget)
    {
        var queue = values is PythonTuple tuple ? tuple.Items : [values];
        var (used, isNamed, written) = (0, values is PythonDict, new StringBuilder());
        object? Next() => used < queue.Count ? queue[used++] : throw new TemplateFault("% has fewer values than its format needs");
        for (var i = 0; i < format.Length; i++)
        {
            if (format[i] != '%')
            {
                budget.Characters(1);
                written.Append(format[i]);
                continue;
            }
            i++;
            object? named = null;
            var hasName = i < format.Length && format[i] == '(';
            if (hasName)
            {
                var end = format.IndexOf(')', i);
                if (end < 0)
                    throw new TemplateFault("% has a ( without a )");
                var name = format[(i + 1)..end];
                if (values is not PythonDict dict || !dict.TryGet(name, out named))
                    throw new TemplateFault($"% has no value for '{name}'");
                i = end + 1;
            }
            var spec = new FormatSpec { Align = '>' };
            for (; i < format.Length && format[i] is '-' or '+' or ' ' or '#' or '0'; i++)
                spec = format[i] switch
                {
                    '-' => spec with { Align = '<', Fill = " " },
                    '0' => spec.Align == '<' ? spec : spec with { Align = '=', Fill = "0" },
                    '#' => spec with { IsAlternate = true },
                    ' ' => spec.Sign == '+' ? spec : spec with { Sign = ' ' },
                    _ => spec with { Sign = '+' },
                };
            long Amount() => i < format.Length && format[i] == '*'
                ? PythonValues.RequireInteger(Next(), i++ >= 0 ? "* of %" : "") : FormatSpec.Digits(format, ref i);
            if (i < format.Length && (format[i] == '*' || char.IsAsciiDigit(format[i])))
                spec = Amount() is var width && width < 0 ? spec with { Width = -width, Align = '<' } : spec with { Width = width };
            if (i < format.Length && format[i] == '.')
            {
                i++;
                spec = spec with { Precision = i < format.Length && (format[i] == '*' || char.IsAsciiDigit(format[i])) ? Amount() : 0 };
            }
            while (i < format.Length && format[i] is 'l' or 'h' or 'L')
                i++;
            if (i == format.Length)
                throw new TemplateFault("% ends within a format");
            written.Append(format[i] == '%' ? "%" : Field(format[i], hasName ? named : Next(), spec, budget));
        }
        if (used < queue.Count && !isNamed)
            throw new TemplateFault("% has more values than its format needs");
        return written.ToString();
    }

    private static string Field(char type, object? value, FormatSpec spec, Budget budget)
    {
        switch (type)
        {
            case 's' or 'r' or 'a':
                return (spec with { Align = spec.Align == '<' ? '<' : '>', Fill = " " })
                    .Text(type == 's' ? PythonText.Str(value, budget) : PythonText.Repr(value, budget), budget);
            case 'c':
                var text = value is string one && CodePoints.Count(one) == 1 ? one
                    : value is long code and >= 0 and <= 0x10FFFF && Rune.IsValid((int)code) ? new Rune((int)code).ToString()
                    : throw new TemplateFault("%c takes one character or its number");
                return (spec with { Align = spec.Align == '<' ? '<' : '>', Fill = " ", Precision = null }).Text(text, budget);
            case 'd' or 'i' or 'u' or 'x' or 'X' or 'o':
                var number = value is double real && type is 'd' or 'i' or 'u' ? PythonNumbers.Truncate(real)
                    : value is long or bool or BigInteger ? value
                    : value is Undefined undefined ? throw undefined.Fault
                    : throw new TemplateFault($"%{type} takes a number, not '{PythonValues.TypeName(value)}'");
                var least = spec.Precision ?? 0;
                var plain = (spec with { Precision = null, Type = type is 'x' or 'X' or 'o' ? type : 'd' });
                if (least == 0)
                    return plain.Integer(number, budget);
                // A precision is the least number of digits.
                var digits = (plain with { Width = 0, Sign = '-', Align = '>', Fill = " " }).Integer(number, budget).TrimStart('-');
                budget.Characters(least);
                var sign = PythonNumbers.Compare(number, 0L) < 0 ? "-" : spec.Sign == '-' ? "" : spec.Sign.ToString();
                return (spec with { Precision = null, Type = 's', Fill = spec.Fill, Align = spec.Align == '<' ? '<' : '>' })
                    .Text(sign + digits.PadLeft((int)least, '0'), budget);
            case 'e' or 'E' or 'f' or 'F' or 'g' or 'G':
                if (value is Undefined missing)
                    throw missing.Fault;
                if (!PythonNumbers.IsNumber(value))
                    throw new TemplateFault($"%{type} takes a number, not '{PythonValues.TypeName(value)}'");
                return (spec with { Type = type }).Float(PythonNumbers.ToDouble(value!), budget);
            default:
                throw new TemplateFault($"% has no format '{type}'");
        }
    }
}

using System.Numerics;
using System.Text;

namespace Espalier.Models.Chat.Python;

/// <summary>Python's <c>str()</c> and <c>repr()</c>.</summary>
internal static class PythonText
{
    /// <summary><c>str(value)</c>.</summary>
    public static string Str(object? value, Budget budget) => value switch
    {
        string text => text,
        Markup markup => markup.Text,
        Undefined => "",
        _ => Repr(value, budget),
    };

    /// <summary><c>repr(value)</c>.</summary>
    public static string Repr(object? value, Budget budget)
    {
        switch (value)
        {
            case null: return "None";
            case bool truth: return truth ? "True" : "False";
            case long number: return number.ToString(CultureInfo.InvariantCulture);
            case double number: return Float(number);
            default:
                var written = new StringBuilder();
                Write(value, written, budget);
                return written.ToString();
        }
    }

    /// <summary>A value for an error message, not longer than some words.</summary>
    public static string Short(object? value)
    {
        var text = value is string or Markup ? $"'{PythonValues.TextOf(value)}'"
            : value is bool or long or double or null ? Repr(value, new(new())) : PythonValues.TypeName(value);
        return text.Length <= 60 ? text : $"{text[..57]}...";
    }

    /// <summary><c>repr</c> of a float: the shortest digits that give it back.</summary>
    public static string Float(double number)
    {
        if (double.IsNaN(number))
            return "nan";
        if (double.IsInfinity(number))
            return number > 0 ? "inf" : "-inf";
        if (number == 0)
            return double.IsNegative(number) ? "-0.0" : "0.0";
        // Shortest digits as d.ddddE+xxx.
        var scientific = number.ToString("E16", CultureInfo.InvariantCulture);
        var shortest = number.ToString("R", CultureInfo.InvariantCulture);
        var digits = new string([.. shortest.Split('E')[0].Where(char.IsAsciiDigit)]).TrimStart('0').TrimEnd('0');
        var exponent = Exponent(shortest, scientific);
        var sign = number < 0 ? "-" : "";
        if (exponent is < -4 or >= 16)
            return $"{sign}{digits[0]}{(digits.Length > 1 ? "." + digits[1..] : "")}e{(exponent < 0 ? '-' : '+')}{Math.Abs(exponent):00}";
        if (exponent < 0)
            return $"{sign}0.{new string('0', -exponent - 1)}{digits}";
        return digits.Length <= exponent + 1 ? $"{sign}{digits.PadRight(exponent + 1, '0')}.0"
            : $"{sign}{digits[..(exponent + 1)]}.{digits[(exponent + 1)..]}";
    }

    private static int Exponent(string shortest, string scientific)
    {
        if (shortest.Split('E') is [var mantissa, var power])
            return int.Parse(power, CultureInfo.InvariantCulture) + mantissa.TrimStart('-').Split('.')[0].Length - 1;
        // 17 digits may round up to the next power of ten where the shortest ones do not; the plain form decides.
        var plain = shortest.TrimStart('-').Split('.');
        if (plain[0] != "0")
            return plain[0].Length - 1;
        return plain.Length == 2 ? -(plain[1].Length - plain[1].TrimStart('0').Length) - 1
            : int.Parse(scientific.Split('E')[1], CultureInfo.InvariantCulture);
    }

    private static void Write(object? value, StringBuilder written, Budget budget)
    {
        budget.Step();
        switch (value)
        {
            case string text: WriteQuoted(text, written, budget); break;
            case Markup markup:
                Put("Markup(", written, budget);
                WriteQuoted(markup.Text, written, budget);
                Put(")", written, budget);
                break;
            case List<object?> list: WriteAll("[", list, "]", written, budget); break;
            case PythonTuple { Items: [var only] }: WriteAll("(", [only], ",)", written, budget); break;
            case PythonTuple tuple: WriteAll("(", tuple.Items, ")", written, budget); break;
            case DictView view: WriteAll($"dict_{view.Kind}([", view.Entries, "])", written, budget); break;
            case PythonDict dict: WriteDict(dict, written, budget); break;
            case PythonRange { Step: 1 } range: Put($"range({range.Start}, {range.Start + range.Count})", written, budget); break;
            case PythonRange range:
                Put($"range({range.Start}, {range.Start + range.Count * range.Step}, {range.Step})", written, budget);
                break;
            case BigInteger number:
                if (number.GetBitLength() > 14_000)
                    throw new TemplateFault("an int has more than 4300 digits");
                Put(number.ToString(CultureInfo.InvariantCulture), written, budget);
                break;
            case Undefined: Put("Undefined", written, budget); break;
            case Namespace space:
                Put("<Namespace ", written, budget);
                WriteDict(space.Attributes, written, budget);
                Put(">", written, budget);
                break;
            case Callable callable: Put($"<function {callable.Name}>", written, budget); break;
            case null or bool or long or double: Put(Repr(value, budget), written, budget); break;
            default: Put($"<{PythonValues.TypeName(value)}>", written, budget); break;
        }
    }

    private static void WriteDict(PythonDict dict, StringBuilder written, Budget budget)
    {
        budget.Enter();
        Put("{", written, budget);
        var isFirst = true;
        foreach (var (key, value) in dict.Items)
        {
            Put(isFirst ? "" : ", ", written, budget);
            Write(key, written, budget);
            Put(": ", written, budget);
            Write(value, written, budget);
            isFirst = false;
        }
        Put("}", written, budget);
        budget.Leave();
    }

    private static void WriteAll(string open, IEnumerable<object?> items, string close, StringBuilder written, Budget budget)
    {
        budget.Enter();
        Put(open, written, budget);
        var isFirst = true;
        foreach (var item in items)
        {
            Put(isFirst ? "" : ", ", written, budget);
            Write(item, written, budget);
            isFirst = false;
        }
        Put(close, written, budget);
        budget.Leave();
    }

    private static void WriteQuoted(string text, StringBuilder written, Budget budget)
    {
        budget.Characters(text.Length);
        var quote = text.Contains('\'') && !text.Contains('"') ? '"' : '\'';
        written.Append(quote);
        foreach (var rune in text.EnumerateRunes())
            written.Append(rune.Value switch
            {
                '\n' => "\\n",
                '\r' => "\\r",
                '\t' => "\\t",
                '\\' => "\\\\",
                var c when c == quote => $"\\{quote}",
                _ when CodePoints.IsPrintable(rune) => rune.ToString(),
                < 0x100 and var c => $"\\x{c:x2}",
                < 0x10000 and var c => $"\\u{c:x4}",
                var c => $"\\U{c:x8}",
            });
        written.Append(quote);
    }

    private static void Put(string text, StringBuilder written, Budget budget)
    {
        budget.Characters(text.Length);
        written.Append(text);
    }
}

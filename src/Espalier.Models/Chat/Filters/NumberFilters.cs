using System.Numerics;
using Espalier.Models.Chat.Methods;
using Espalier.Models.Chat.Python;

namespace Espalier.Models.Chat.Filters;

/// <summary>The filters that make a number.</summary>
internal static class NumberFilters
{
    /// <summary><c>int(default=0, base=10)</c>.</summary>
    public static object? Int(object? value, Arguments arguments, Budget budget)
    {
        var given = arguments.Bind("int", 0, "default", "base");
        if (value is Undefined undefined)
            throw undefined.Fault;
        if (PythonValues.TextOf(value) is { } text)
        {
            budget.Step(text.Length / 64);
            return ParseInt(text, given.Integer(1, 10)) ?? (ParseFloat(text) is { } real && double.IsFinite(real)
                ? PythonNumbers.Truncate(real) : given.Or(0, 0L));
        }
        return value is double number ? double.IsNaN(number) ? given.Or(0, 0L) : PythonNumbers.Truncate(number)
            : PythonNumbers.IsNumber(value) ? PythonNumbers.Normal(PythonNumbers.Integer(value!)) : given.Or(0, 0L);
    }

    /// <summary><c>float(default=0.0)</c>.</summary>
    public static object? Float(object? value, Arguments arguments, Budget budget)
    {
        var given = arguments.Bind("float", 0, "default");
        if (value is Undefined undefined)
            throw undefined.Fault;
        return PythonNumbers.IsNumber(value) ? PythonNumbers.ToDouble(value!)
            : PythonValues.TextOf(value) is { } text && ParseFloat(text) is { } real ? real : given.Or(0, 0.0);
    }

    /// <summary><c>abs</c>.</summary>
    public static object? Abs(object? value, Arguments arguments, Budget budget)
    {
        arguments.Bind("abs", 0);
        var number = Require(value, "abs");
        return number is double real ? Math.Abs(real) : PythonNumbers.Normal(BigInteger.Abs(PythonNumbers.Integer(number)));
    }

    /// <summary><c>round(precision=0, method='common')</c>.</summary>
    public static object? Round(object? value, Arguments arguments, Budget budget)
    {
        var given = arguments.Bind("round", 0, "precision", "method");
        var (number, method) = (Require(value, "round"), given.Text(1, "common"));
        var precision = (int)Math.Clamp(given.Integer(0, 0), -5000, 5000);
        if (method is not ("common" or "ceil" or "floor"))
            throw new TemplateFault("round(): 'method' must be common, ceil or floor");
        if (method == "common")
            return number is double real ? FloatText.Round(real, precision) : RoundInt(PythonNumbers.Integer(number), precision);
        var scale = PythonNumbers.Apply("**", 10L, (long)precision);
        var scaled = PythonNumbers.Apply("*", number, scale);
        var whole = scaled is double part ? PythonNumbers.Truncate(method == "ceil" ? Math.Ceiling(part) : Math.Floor(part)) : scaled;
        return PythonNumbers.Apply("/", whole, scale);
    }

    /// <summary><c>sum(attribute=None, start=0)</c>.</summary>
    public static object? Sum(object? value, Arguments arguments, Budget budget)
    {
        var given = arguments.Bind("sum", 0, "attribute", "start");
        var sum = given.Or(1, 0L);
        if (PythonValues.TextOf(sum) is not null)
            throw new TemplateFault("sum() does not add strings; use join");
        return PythonSequences.RequireEntries(value, budget).Select(AttributePath.Getter(given[0], budget))
            .Aggregate(sum, (total, entry) => PythonOperators.Apply("+", total, entry, budget));
    }

    /// <summary>Python's <c>int(text, base)</c>; null where the text is none.</summary>
    public static object? ParseInt(string text, long radix)
    {
        text = CodePoints.Strip(text, null);
        var isNegative = text.StartsWith('-');
        var digits = isNegative || text.StartsWith('+') ? text[1..] : text;
        if (digits.Length > 1 && digits[0] == '0'
            && char.ToLowerInvariant(digits[1]) switch { 'x' => 16, 'o' => 8, 'b' => 2, _ => 0 } is > 0 and var named
            && (radix == named || radix == 0))
            (digits, radix) = (digits[2..].TrimStart('_'), named);
        else if (radix == 0)
            radix = digits.Length > 1 && digits[0] == '0' && digits.Trim('0', '_').Length > 0 ? -1 : 10;
        if (digits.Length is 0 or > 4300 || digits.StartsWith('_') || digits.EndsWith('_')
            || digits.Contains("__", StringComparison.Ordinal) || radix is < 2 or > 36)
            return null;
        var number = BigInteger.Zero;
        foreach (var c in digits.Where(static c => c != '_'))
        {
            var digit = char.IsAsciiLetter(c) ? char.ToLowerInvariant(c) - 'a' + 10 : CharUnicodeInfo.GetDecimalDigitValue(c);
            if (digit < 0 || digit >= radix)
                return null;
            number = number * radix + digit;
        }
        return PythonNumbers.Normal(isNegative ? -number : number);
    }

    /// <summary>Python's <c>float(text)</c>; null where the text is none.</summary>
    public static double? ParseFloat(string text)
    {
        text = CodePoints.Strip(text, null);
        var bare = text.TrimStart('+', '-');
        var sign = text.StartsWith('-') ? -1.0 : 1.0;
        if (text.Length - bare.Length > 1 || bare.Length == 0)
            return null;
        switch (bare.ToLowerInvariant())
        {
            case "inf" or "infinity": return sign * double.PositiveInfinity;
            case "nan": return double.NaN;
        }
        for (var i = 0; i < bare.Length; i++)
            if (bare[i] == '_' ? i == 0 || i + 1 == bare.Length || !char.IsAsciiDigit(bare[i - 1]) || !char.IsAsciiDigit(bare[i + 1])
                : !char.IsAsciiDigit(bare[i]) && bare[i] is not ('.' or 'e' or 'E' or '+' or '-'))
                return null;
        return double.TryParse(bare.Replace("_", "", StringComparison.Ordinal), NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent,
            CultureInfo.InvariantCulture, out var number) ? sign * number : null;
    }

    private static object RoundInt(BigInteger number, int precision)
    {
        if (precision >= 0)
            return PythonNumbers.Normal(number);
        var unit = BigInteger.Pow(10, -precision);
        var quotient = BigInteger.DivRem(BigInteger.Abs(number), unit, out var rest);
        var order = (rest * 2).CompareTo(unit);
        quotient += order > 0 || order == 0 && !quotient.IsEven ? 1 : 0;
        return PythonNumbers.Normal(quotient * unit * number.Sign);
    }

    private static object Require(object? value, string filter) => value is Undefined undefined ? throw undefined.Fault
        : PythonNumbers.IsNumber(value) ? value! : throw new TemplateFault($"{filter} takes a number, not "
            + $"'{PythonValues.TypeName(value)}'");
}

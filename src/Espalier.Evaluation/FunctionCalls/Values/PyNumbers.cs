using System.Numerics;
using System.Text;
using Espalier.Evaluation.Tasks.Templates;

namespace Espalier.Evaluation.FunctionCalls.Values;

/// <summary>Numbers as Python's <c>int()</c> and <c>float()</c> read them and <c>repr</c> writes them.</summary>
internal static class PyNumbers
{
    /// <summary>Most digits that CPython turns into an <c>int</c> (sys.int_info.default_max_str_digits).</summary>
    public const int MaxDigits = 4300;

    /// <summary>What <c>int(text)</c> gives; white space around it, a sign and underscores are allowed. Null where it fails.</summary>
    public static BigInteger? Int(string text)
    {
        var digits = PythonText.Strip(text);
        var isNegative = digits.StartsWith('-');
        if (isNegative || digits.StartsWith('+'))
            digits = digits[1..];
        return Digits(digits) is { } plain && plain.Length <= MaxDigits
            ? BigInteger.Parse(plain, NumberStyles.None, CultureInfo.InvariantCulture) * (isNegative ? -1 : 1)
            : null;
    }

    /// <summary>What <c>float(text)</c> gives, <c>inf</c> and <c>nan</c> too; null where it fails.</summary>
    public static double? Float(string text)
    {
        var stripped = PythonText.Strip(text);
        var number = new StringBuilder(stripped.Length);
        for (var i = 0; i < stripped.Length; i++)
        {
            var c = stripped[i];
            if (c == '_' && (i == 0 || i == stripped.Length - 1 || !char.IsDigit(stripped[i - 1]) || !char.IsDigit(stripped[i + 1])))
                return null;
            if (c != '_')
                number.Append(char.IsDigit(c) ? (char)('0' + CharUnicodeInfo.GetDecimalDigitValue(c)) : c);
        }
        var plain = number.ToString();
        switch (plain.TrimStart('+', '-').ToLowerInvariant())
        {
            case "inf" or "infinity" when plain.Length <= 9:
                return plain[0] == '-' ? double.NegativeInfinity : double.PositiveInfinity;
            case "nan" when plain.Length <= 4:
                return double.NaN;
        }
        return plain.Length > 0 && plain.All(c => char.IsAsciiDigit(c) || c is '+' or '-' or '.' or 'e' or 'E')
            && double.TryParse(plain, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) ? value : null;
    }

    /// <summary>The nearest <c>float</c> of an <c>int</c>; infinite where Python would say that it is too large.</summary>
    public static double Nearest(BigInteger value) => BigInteger.Abs(value) <= (1L << 53) ? (double)value
        : double.Parse(value.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);

    /// <summary>A <c>float</c> as <c>repr</c> writes it.</summary>
    public static string Text(double value)
    {
        if (!double.IsFinite(value))
            return double.IsNaN(value) ? "nan" : value > 0 ? "inf" : "-inf";
        var shortest = value.ToString("E16", CultureInfo.InvariantCulture);
        for (var digits = 0; digits < 17; digits++)
        {
            shortest = value.ToString("E" + digits, CultureInfo.InvariantCulture);
            if (double.Parse(shortest, CultureInfo.InvariantCulture) == value)
                break;
        }
        var mantissa = shortest[..shortest.IndexOf('E', StringComparison.Ordinal)];
        var exponent = int.Parse(shortest[(mantissa.Length + 1)..], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
        if (exponent is < -4 or >= 16)
            return $"{mantissa}e{(exponent < 0 ? '-' : '+')}{Math.Abs(exponent):00}";
        var sign = mantissa[0] == '-' ? "-" : "";
        var significant = mantissa.TrimStart('-').Replace(".", "", StringComparison.Ordinal);
        if (exponent < 0)
            return $"{sign}0.{new string('0', -exponent - 1)}{significant}";
        significant = significant.PadRight(exponent + 1, '0');
        var fraction = significant[(exponent + 1)..];
        return $"{sign}{significant[..(exponent + 1)]}.{(fraction.Length > 0 ? fraction : "0")}";
    }

    /// <summary>Digits without their underscores, Unicode's decimal digits as ASCII; null where it is no such number.</summary>
    private static string? Digits(string text)
    {
        if (text.Length == 0)
            return null;
        var plain = new StringBuilder(text.Length);
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '_' && i > 0 && i < text.Length - 1 && text[i - 1] != '_')
                continue;
            if (!char.IsDigit(text[i]))
                return null;
            plain.Append((char)('0' + CharUnicodeInfo.GetDecimalDigitValue(text[i])));
        }
        return plain.ToString();
    }
}

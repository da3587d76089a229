using System.Numerics;
using Espalier.Models.Chat.Python;

namespace Espalier.Models.Chat.Methods;

/// <summary>Floats with a given number of digits, rounded from their exact value and half to even, as C's printf and Python do.</summary>
internal static class FloatText
{
    /// <summary>A float that is not negative, by a letter of a format.</summary>
    /// <param name="value">The float.</param>
    /// <param name="type">e E f F g G % or '\0'.</param>
    /// <param name="precision">Digits; null for what the letter does without.</param>
    /// <param name="keepsZeros">Whether g keeps zeros at the end.</param>
    public static string Of(double value, char type, int? precision, bool keepsZeros)
    {
        var isUpper = type is 'E' or 'G' or 'F';
        if (!double.IsFinite(value))
            return (double.IsNaN(value) ? "nan" : "inf") is var word && isUpper ? word.ToUpperInvariant() : word + (type == '%' ? "%" : "");
        var text = char.ToLowerInvariant(type) switch
        {
            'f' => Fixed(value, precision ?? 6),
            '%' => Fixed(value * 100, precision ?? 6) + "%",
            'e' => Scientific(value, precision ?? 6),
            '\0' when precision is null => PythonText.Float(value),
            '\0' => General(value, precision.Value, false, true),
            _ => General(value, precision ?? 6, keepsZeros, false),
        };
        return isUpper ? text.ToUpperInvariant() : text;
    }

    /// <summary>Python's <c>round(value, digits)</c>.</summary>
    public static double Round(double value, int digits)
    {
        if (!double.IsFinite(value) || digits > 323)
            return value;
        if (digits >= 0)
            return Math.CopySign(double.Parse(Fixed(Math.Abs(value), digits), CultureInfo.InvariantCulture), value);
        if (digits < -308)
            return Math.CopySign(0, value);
        var unit = BigInteger.Pow(10, -digits);
        return Math.CopySign(
            double.Parse((Divide(Ratio(Math.Abs(value)), unit) * unit).ToString(CultureInfo.InvariantCulture),
                CultureInfo.InvariantCulture), value);
    }

    private static string Fixed(double value, int digits)
    {
        var (top, bottom) = Ratio(value);
        var text = Divide((top * BigInteger.Pow(10, digits), bottom), BigInteger.One).ToString(CultureInfo.InvariantCulture)
            .PadLeft(digits + 1, '0');
        return digits == 0 ? text : $"{text[..^digits]}.{text[^digits..]}";
    }

    private static string Scientific(double value, int digits)
    {
        var (text, exponent) = Significant(value, digits + 1);
        return $"{text[0]}{(digits == 0 ? "" : "." + text[1..])}e{(exponent < 0 ? '-' : '+')}{Math.Abs(exponent):00}";
    }

    private static string General(double value, int digits, bool keepsZeros, bool isFloat)
    {
        digits = Math.Max(1, digits);
        var (text, exponent) = Significant(value, digits);
        var isPlain = exponent >= -4 && exponent < digits - (isFloat ? 1 : 0);
        string Trim(string fraction) => keepsZeros ? fraction : fraction.TrimEnd('0');
        if (!isPlain)
        {
            var tail = Trim(text[1..]);
            return $"{text[0]}{(tail.Length == 0 ? "" : "." + tail)}e{(exponent < 0 ? '-' : '+')}{Math.Abs(exponent):00}";
        }
        var (whole, rest) = exponent < 0 ? ("0", new string('0', -exponent - 1) + text)
            : (text[..(exponent + 1)], text[(exponent + 1)..]);
        rest = Trim(rest);
        return rest.Length > 0 ? $"{whole}.{rest}" : isFloat ? $"{whole}.0" : whole;
    }

    /// <summary>So many digits of a value, and the power of ten of the first.</summary>
    private static (string Digits, int Exponent) Significant(double value, int count)
    {
        if (value == 0)
            return (new('0', count), 0);
        var (top, bottom) = Ratio(value);
        var exponent = (int)Math.Floor(Math.Log10(value));
        for (; ; )
        {
            var shift = count - 1 - exponent;
            var text = Divide(shift >= 0 ? (top * BigInteger.Pow(10, shift), bottom) : (top, bottom * BigInteger.Pow(10, -shift)),
                BigInteger.One)
                .ToString(CultureInfo.InvariantCulture);
            if (text.Length == count && text[0] != '0')
                return (text, exponent);
            // The logarithm was a little off, or rounding went to the next power of ten.
            exponent += text.Length > count ? 1 : -1;
        }
    }

    private static (BigInteger Top, BigInteger Bottom) Ratio(double value)
    {
        var bits = BitConverter.DoubleToInt64Bits(value);
        var (power, fraction) = ((int)(bits >> 52) & 0x7FF, bits & ((1L << 52) - 1));
        var mantissa = power == 0 ? fraction : fraction | (1L << 52);
        var shift = Math.Max(power, 1) - 1075;
        return shift >= 0 ? ((BigInteger)mantissa << shift, BigInteger.One) : (mantissa, BigInteger.One << -shift);
    }

    private static BigInteger Divide((BigInteger Top, BigInteger Bottom) ratio, BigInteger unit)
    {
        var bottom = ratio.Bottom * unit;
        var quotient = BigInteger.DivRem(ratio.Top, bottom, out var rest);
        var order = (rest * 2).CompareTo(bottom);
        return order > 0 || order == 0 && !quotient.IsEven ? quotient + 1 : quotient;
    }
}

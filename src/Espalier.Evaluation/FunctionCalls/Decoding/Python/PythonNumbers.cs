using System.Numerics;
using Espalier.Evaluation.FunctionCalls.Values;

namespace Espalier.Evaluation.FunctionCalls.Decoding.Python;

/// <summary>Python's number literals (The Python Language Reference, section 2.4.4).</summary>
internal static class PythonNumbers
{
    /// <summary>Reads the literal at a place, which moves after it.</summary>
    /// <exception cref="NoCallException">It is no number, or has more digits than CPython reads.</exception>
    public static PyValue Read(string source, ref int at)
    {
        var start = at;
        PyValue value;
        if (source[at] == '0' && at + 1 < source.Length && Bits(source[at + 1]) is > 0 and var bits)
        {
            at += 2;
            value = new PyInt(Digits(source, ref at, bits));
        }
        else
            value = Decimal(source, ref at);
        if (at < source.Length && (char.IsLetterOrDigit(source[at]) || source[at] == '_'))
            throw new NoCallException($"the number at character {start + 1} has a letter after it");
        return value;
    }

    private static int Bits(char letter) => letter switch
    {
        'x' or 'X' => 4,
        'o' or 'O' => 3,
        'b' or 'B' => 1,
        _ => 0,
    };

    private static BigInteger Digits(string source, ref int at, int bits)
    {
        var (start, value) = (at, BigInteger.Zero);
        while (at < source.Length && (char.IsAsciiHexDigit(source[at]) || source[at] == '_'))
        {
            if (source[at] == '_')
            {
                if (at + 1 == source.Length || !char.IsAsciiHexDigit(source[at + 1]))
                    throw new NoCallException($"the number at character {start} has a misplaced underscore");
                at++;
            }
            var digit = Convert.ToInt32(source[at].ToString(), 16);
            if (digit >= 1 << bits || at - start > PyNumbers.MaxDigits)
                throw new NoCallException($"the number at character {start} is malformed");
            value = (value << bits) + digit;
            at++;
        }
        return at > start ? value : throw new NoCallException($"the number at character {start} is malformed");
    }

    private static PyValue Decimal(string source, ref int at)
    {
        var start = at;
        var isFloat = false;
        Run(source, ref at);
        if (at < source.Length && source[at] == '.')
        {
            isFloat = true;
            at++;
            if (at < source.Length && char.IsAsciiDigit(source[at]))
                Run(source, ref at);
        }
        if (at < source.Length && source[at] is 'e' or 'E')
        {
            var power = at + 1 < source.Length && source[at + 1] is '+' or '-' ? at + 2 : at + 1;
            if (power < source.Length && char.IsAsciiDigit(source[power]))
            {
                isFloat = true;
                at = power;
                Run(source, ref at);
            }
        }
        var digits = source[start..at].Replace("_", "", StringComparison.Ordinal);
        if (at < source.Length && source[at] is 'j' or 'J')
            return new PyOther("complex", source[start..++at]);
        if (isFloat)
            return new PyFloat(double.Parse(digits, NumberStyles.Float, CultureInfo.InvariantCulture));
        if (digits.Length > PyNumbers.MaxDigits || (digits[0] == '0' && digits.AsSpan().TrimStart('0').Length > 0))
            throw new NoCallException($"the number at character {start + 1} has leading zeros or too many digits");
        return new PyInt(BigInteger.Parse(digits, NumberStyles.None, CultureInfo.InvariantCulture));
    }

    // Digits with single underscores between them; none at all before a point.
    private static void Run(string source, ref int at)
    {
        while (at < source.Length && (char.IsAsciiDigit(source[at])
            || (source[at] == '_' && at > 0 && char.IsAsciiDigit(source[at - 1])
                && at + 1 < source.Length && char.IsAsciiDigit(source[at + 1]))))
            at++;
    }
}

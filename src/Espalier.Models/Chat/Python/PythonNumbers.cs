using System.Numerics;

namespace Espalier.Models.Chat.Python;

/// <summary>Python's arithmetic: ints do not overflow, <c>/</c> gives a float, <c>//</c> and <c>%</c> go by the divisor's sign.</summary>
internal static class PythonNumbers
{
    // Longer ints are of no use to a template.
    private const int MostBits = 1 << 16;

    /// <summary>Whether a value is a number; True and False are 1 and 0.</summary>
    public static bool IsNumber(object? value) => value is long or double or bool or BigInteger;

    /// <summary>Below 0, 0 or above; null where one is NaN.</summary>
    public static int? Compare(object left, object right)
    {
        if (left is not double && right is not double)
            return Integer(left).CompareTo(Integer(right));
        if (left is double a && right is double b)
            return double.IsNaN(a) || double.IsNaN(b) ? null : a.CompareTo(b);
        // An int and a float: exactly.
        var (number, other) = left is double x ? (x, Integer(right)) : ((double)right, Integer(left));
        if (double.IsNaN(number))
            return null;
        var order = double.IsInfinity(number) ? Math.Sign(number)
            : new BigInteger(Math.Floor(number)) is var floor && floor != other
                ? floor.CompareTo(other) : number > Math.Floor(number) ? 1 : 0;
        return left is double ? order : -order;
    }

    /// <summary>The result of an operator between two numbers.</summary>
    /// <param name="sign">+ - * / // % or **.</param>
    /// <param name="left">A number.</param>
    /// <param name="right">Another.</param>
    public static object Apply(string sign, object left, object right)
    {
        if (left is double || right is double)
            return Floats(sign, ToDouble(left), ToDouble(right));
        var (a, b) = (Integer(left), Integer(right));
        switch (sign)
        {
            case "+": return Normal(a + b);
            case "-": return Normal(a - b);
            case "*": return Bits(a) + Bits(b) <= MostBits ? Normal(a * b) : throw TooLarge();
            case "**": return Power(a, b);
        }
        if (b.IsZero)
            throw new TemplateFault("division by zero");
        if (sign == "/")
            return Quotient(a, b);
        var quotient = BigInteger.DivRem(a, b, out var rest);
        if (!rest.IsZero && rest.Sign != b.Sign)
            (quotient, rest) = (quotient - 1, rest + b);
        return Normal(sign == "//" ? quotient : rest);
    }

    public static object Negate(object number) => number is double value ? -value : Normal(-Integer(number));

    public static double ToDouble(object number) => number switch
    {
        double value => value,
        BigInteger big when Bits(big) > 1024 => throw new TemplateFault("an int is too large for a float"),
        BigInteger big => Quotient(big, BigInteger.One),
        var other => (long)PythonValues.IntegerOf(other)!,
    };

    /// <summary>An int as the smallest type that holds it.</summary>
    public static object Normal(BigInteger value) => value >= long.MinValue && value <= long.MaxValue ? (object)(long)value : value;

    public static object Truncate(double value) => double.IsFinite(value) ? Normal(new BigInteger(Math.Truncate(value)))
        : throw new TemplateFault($"{PythonText.Float(value)} cannot be an int");

    /// <summary>An int or a bool in full width.</summary>
    public static BigInteger Integer(object number) => number is BigInteger big ? big : (long)PythonValues.IntegerOf(number)!;

    private static double Floats(string sign, double a, double b)
    {
        switch (sign)
        {
            case "+": return a + b;
            case "-": return a - b;
            case "*": return a * b;
            case "**":
                return a == 0 && b < 0 ? throw new TemplateFault("0.0 to a negative power")
                    : a < 0 && !double.IsInteger(b) && double.IsFinite(b) ? throw new TemplateFault("complex numbers are not supported")
                    : double.IsInfinity(Math.Pow(a, b)) && double.IsFinite(a) && double.IsFinite(b) ? throw TooLarge() : Math.Pow(a, b);
        }
        if (b == 0)
            throw new TemplateFault("division by zero");
        if (sign == "/")
            return a / b;
        var rest = a % b;
        if (rest != 0 && (rest < 0) != (b < 0))
            rest += b;
        if (sign == "%")
            return rest == 0 ? Math.CopySign(0, b) : rest;
        var quotient = (a - rest) / b;
        var floor = Math.Floor(quotient);
        return quotient == 0 ? Math.CopySign(0, a / b) : quotient - floor > 0.5 ? floor + 1 : floor;
    }

    private static object Power(BigInteger a, BigInteger b)
    {
        if (b.Sign < 0)
            return a.IsZero ? throw new TemplateFault("0 to a negative power") : Math.Pow(ToDouble(Normal(a)), ToDouble(Normal(b)));
        if (b.IsZero || a.IsOne)
            return 1L;
        if (a.IsZero)
            return 0L;
        if (a == BigInteger.MinusOne)
            return b.IsEven ? 1L : -1L;
        return b <= MostBits && Bits(a) * (long)b <= MostBits ? Normal(BigInteger.Pow(a, (int)b)) : throw TooLarge();
    }

    /// <summary>a / b, rounded once and half to even.</summary>
    private static double Quotient(BigInteger a, BigInteger b)
    {
        if (a.IsZero)
            return 0;
        if (Bits(a) <= 53 && Bits(b) <= 53)
            return (double)a / (double)b;
        var isNegative = a.Sign != b.Sign;
        (a, b) = (BigInteger.Abs(a), BigInteger.Abs(b));
        // 55 bits or more of quotient and a sticky bit; below the normal range, which ints of at most MostBits reach, fewer.
        var shift = (int)Math.Max(55 - (Bits(a) - Bits(b)), -MostBits * 2L);
        var quotient = BigInteger.DivRem(shift > 0 ? a << shift : a, shift < 0 ? b << -shift : b, out var rest);
        var drop = (int)Math.Max(Bits(quotient) - 53, shift - 1074);
        if (drop > Bits(quotient) + 1)
            return isNegative ? -0.0 : 0.0;
        var kept = quotient >> drop;
        var lost = quotient - (kept << drop);
        var half = BigInteger.One << (drop - 1);
        if (lost > half || lost == half && (!rest.IsZero || !kept.IsEven))
            kept++;
        var result = Math.ScaleB((double)kept, drop - shift);
        return double.IsInfinity(result) ? throw TooLarge() : isNegative ? -result : result;
    }

    private static long Bits(BigInteger value) => BigInteger.Abs(value).GetBitLength();

    private static TemplateFault TooLarge() => new("the result of an operator is too large");
}

using System.Numerics;

namespace Espalier.Models.Grammars.Numbers;

/// <summary>
/// How far the digits of a number have come, of which it is known how many there will be: what is to come lies between two bounds, and all
/// of it is a multiple of a step. Everything is counted in units of the last digit.
/// </summary>
/// <param name="More">Digits to come, zeros at the end of a fraction included.</param>
/// <param name="Scale">How many of all digits come after the point.</param>
/// <param name="Least">The smallest that those to come may be as a number.</param>
/// <param name="Most">The largest.</param>
/// <param name="Step">What the number is a multiple of.</param>
/// <param name="Remainder">What is left of the digits so far, as far as digits to come can tell.</param>
/// <param name="IsFraction">Whether the point has been written.</param>
internal readonly record struct DigitState(
    int More, int Scale, BigInteger Least, BigInteger Most, BigInteger Step, BigInteger Remainder, bool IsFraction)
{
    /// <summary>Whether any digits to come make it such a number.</summary>
    public bool CanEnd => Least + Modulo(-(Remainder * Unit + Least)) <= Most;

    /// <summary>Whether the number may end here: zeros at the end of a fraction need not be written.</summary>
    public bool MayEnd => (More == 0 || Least.IsZero && (IsFraction ? More < Scale : More == Scale)) && Modulo(Remainder * Unit).IsZero;

    /// <summary>Whether the point comes next, if anything does.</summary>
    public bool IsBeforePoint => More > 0 && More == Scale && !IsFraction;

    private BigInteger Unit => BigInteger.Pow(10, More);

    /// <summary>The state after the point.</summary>
    public DigitState Point() => this with { IsFraction = true };

    /// <summary>The state after one more digit; null where no number goes on so.</summary>
    public DigitState? After(int digit)
    {
        if (More == 0 || IsBeforePoint)
            return null;
        var unit = Unit / 10;
        var next = this with
        {
            More = More - 1,
            Least = BigInteger.Max(Least - digit * unit, 0),
            Most = BigInteger.Min(Most - digit * unit, unit - 1),
            // Remainders that no digits to come can tell apart are one.
            Remainder = (Remainder * 10 + digit) % (Step / BigInteger.GreatestCommonDivisor(Step, unit)),
        };
        return next.Least <= next.Most && next.CanEnd ? next : null;
    }

    private BigInteger Modulo(BigInteger value)
    {
        var rest = BigInteger.Remainder(value, Step);
        return rest.Sign < 0 ? rest + Step : rest;
    }
}

using System.Numerics;

namespace Espalier.Models.Grammars.Numbers;

/// <summary>
/// Numbers within bounds, without an exponent. They have 15 digits at most, and whole ones go to 2^53 - 1, so that a float64 holds each
/// exactly enough to tell it from its bound, and from what is no multiple.
/// </summary>
internal static class NumberGrammar
{
    private const int MostDigits = 15;
    private const long LargestWhole = (1L << 53) - 1;

    /// <summary>Numbers within bounds.</summary>
    /// <param name="bounds">The bounds.</param>
    /// <param name="isWhole">Whether they are whole numbers.</param>
    /// <param name="place">What errors call the schema.</param>
    /// <exception cref="EspalierException">They take too many states.</exception>
    public static GrammarNode Of(NumberBounds bounds, bool isWhole, string place)
    {
        if (bounds.AreNone)
            return isWhole ? JsonSyntax.Integer : JsonSyntax.Number;
        var digits = new DigitGrammar(place);
        var (positive, negative) = (States(bounds, isWhole, isZeroIn: true), States(bounds.Negated(), isWhole, isZeroIn: false));
        if (positive.Count == 0 && negative.Count == 0 && bounds.HoldAny(isWhole))
            throw new EspalierException($"{place}: its bounds and multipleOf allow only numbers that a float64 cannot hold exactly: "
                + $"numbers written here have at most {MostDigits} digits, or are whole numbers from -{LargestWhole} to {LargestWhole}");
        return new GrammarChoice(digits.From(positive), new GrammarSequence(JsonSyntax.Text("-"), digits.From(negative)));
    }

    // One state for each number of digits before the point. The first of them is 0 only where it is the only one.
    private static List<DigitState> States(NumberBounds bounds, bool isWhole, bool isZeroIn)
    {
        var states = new List<DigitState>();
        for (var digits = 1; digits <= MostDigits + 1; digits++)
        {
            var scale = isWhole ? 0 : Math.Max(0, MostDigits - digits);
            var least = BigInteger.Max(bounds.LeastUnits(scale) ?? 0, isZeroIn ? 0 : 1);
            var most = digits > MostDigits ? LargestWhole : BigInteger.Pow(10, digits + scale) - 1;
            var state = new DigitState(digits + scale, scale,
                BigInteger.Max(least, digits == 1 ? 0 : BigInteger.Pow(10, digits - 1 + scale)),
                BigInteger.Min(bounds.MostUnits(scale) ?? most, most), StepUnits(bounds, scale), 0, IsFraction: false);
            if (state.Least <= state.Most && state.CanEnd)
                states.Add(state);
        }
        return states;
    }

    // The smallest number of units that is a multiple of the step.
    private static BigInteger StepUnits(NumberBounds bounds, int scale)
    {
        if (bounds.Step is not { } step)
            return 1;
        var units = step.Value * BigInteger.Pow(10, scale);
        return units / BigInteger.GreatestCommonDivisor(units, BigInteger.Pow(10, step.Scale));
    }
}

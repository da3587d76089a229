namespace Espalier.Evaluation.Statistics;

/// <summary>
/// Whether two models score alike on the same documents, where scores are not only right and wrong: what both made of a document is
/// exchanged or not, at random (Fisher's randomization test; Noreen 1989, chapter 2).
/// </summary>
internal static class PairedPermutation
{
    /// <summary>So many exchanges are drawn.</summary>
    public const int Draws = 10_000;

    private const int Seed = 1234;

    /// <summary>
    /// The two-sided probability of a difference at least so large between models that score alike; draws as it did before. A mean that is
    /// told as e to its power has the same one: what both means sum to stays, so that the larger difference of two powers has the larger
    /// difference of means.
    /// </summary>
    /// <param name="first">One model's scores.</param>
    /// <param name="second">The other's, in the same order.</param>
    /// <param name="weights">What each document weighs in the means.</param>
    public static double Probability(IReadOnlyList<double> first, IReadOnlyList<double> second, IReadOnlyList<double> weights)
    {
        double[] ones = [.. first.Zip(weights, (score, weight) => score * weight)];
        double[] others = [.. second.Zip(weights, (score, weight) => score * weight)];
        var (one, other) = (ones.Sum(), others.Sum());
        var seen = Math.Abs(one - other);
        var random = new Random(Seed);
        var asLarge = 0;
        for (var draw = 0; draw < Draws; draw++)
        {
            var moved = 0.0;
            for (var i = 0; i < ones.Length; i++)
                moved += random.Next(2) == 0 ? 0 : others[i] - ones[i];
            // Sums in another order differ in their last bits, and an exchange of everything is as large as what was seen.
            if (Math.Abs(one + moved - (other - moved)) >= seen * (1 - 1e-9))
                asLarge++;
        }
        return (1.0 + asLarge) / (1 + Draws);
    }
}

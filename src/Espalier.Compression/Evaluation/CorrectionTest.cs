using Espalier.Compression.Data.Batches;
using Espalier.Compression.Data.Tokens;

namespace Espalier.Compression.Evaluation;

/// <summary>What the teacher makes of one text; means over windows with their standard errors, nats per token.</summary>
/// <param name="Name">The text.</param>
/// <param name="Windows">Windows looked at.</param>
/// <param name="Loss">Mean negative log-likelihood.</param>
/// <param name="LossSe">Its standard error.</param>
/// <param name="Expected">The loss that the teacher expects there: the mean entropy of its distributions.</param>
/// <param name="ExpectedSe">Its standard error.</param>
/// <param name="Excess">Loss − expected.</param>
/// <param name="ExcessSe">Its standard error.</param>
public sealed record TextSurprise(string Name, int Windows, double Loss, double LossSe, double Expected, double ExpectedSe, double Excess,
    double ExcessSe)
{
    internal static TextSurprise Of(string name, WindowSurprise found)
    {
        var ((loss, lossSe), (expected, expectedSe)) = (WelchInterval.MeanAndError(found.Loss), WelchInterval.MeanAndError(found.Expected));
        var (excess, excessSe) = WelchInterval.MeanAndError(found.Excess);
        return new(name, found.Loss.Count, loss, lossSe, expected, expectedSe, excess, excessSe);
    }
}

/// <summary>Whether a teacher needs correction for a text, and why.</summary>
public sealed record CorrectionTestResult
{
    /// <summary>The text that the student will be distilled on.</summary>
    public required TextSurprise Data { get; init; }

    /// <summary>Text that the teacher knows well.</summary>
    public required TextSurprise Reference { get; init; }

    /// <summary>Tokens of a window.</summary>
    public required int Seq { get; init; }

    /// <summary>Loss on the data − loss on the reference. Shown, not judged: one text is harder than another for who knows both.</summary>
    public required double LossDifference { get; init; }

    /// <summary>Its standard error.</summary>
    public required double LossDifferenceSe { get; init; }

    /// <summary>Excess on the data − excess on the reference: what is judged.</summary>
    public required double Difference { get; init; }

    /// <summary>Its standard error.</summary>
    public required double DifferenceSe { get; init; }

    /// <summary>Degrees of freedom (Welch).</summary>
    public required double Degrees { get; init; }

    /// <summary>Lower end of the 95 % confidence interval of the difference.</summary>
    public required double Lower { get; init; }

    /// <summary>Upper end.</summary>
    public required double Upper { get; init; }

    /// <summary>What <see cref="Lower"/> must be above.</summary>
    public required double Threshold { get; init; }

    /// <summary>Lower &gt; threshold.</summary>
    public bool Needed => Lower > Threshold;

    /// <summary>The decision in a sentence.</summary>
    public string Why => string.Create(CultureInfo.InvariantCulture,
        $"correction is {(Needed ? "" : "not ")}needed: beyond its own expectation, the teacher loses {Data.Excess:0.000} nats per "
        + $"token on {Data.Name} and {Reference.Excess:0.000} on {Reference.Name}; "
        + $"the difference is {Difference:0.000} ± {DifferenceSe:0.000}, with 95 % confidence "
        + $"{(Lower > Threshold ? "above" : "not above")} {Threshold:0.###} (lower end {Lower:0.000})");
}

/// <summary>
/// Asks whether a teacher knows a kind of text, before it is trained on it (teacher correction, arXiv 2408.11796). Losses of two texts
/// cannot be compared as they are: documentation is easier than a novel for who knows neither. But a model also says what it expects to
/// lose, the entropy of its distributions, and on text like that which it learnt, loss and expectation keep their distance. So the measure
/// is the loss beyond the expectation, on the data against a reference that the teacher knows well; what windows that begin in the
/// middle of a document add to it is in both.
/// </summary>
internal static class CorrectionTest
{
    /// <summary>Refuses a text of fewer than two windows.</summary>
    internal static void CheckWindows(string name, string tokens, long windows, int sequence)
    {
        if (windows < 2)
            throw new EspalierException(
                $"{name}: {tokens} tokens make {windows} window{(windows == 1 ? "" : "s")} of {sequence}, "
                    + "and at least 2 are needed to know how sure the loss is: give more text");
    }

    /// <summary>Most tokens of a window: many short windows tell the mean better than a few long ones.</summary>
    public const int MostSequence = 256;

    /// <summary>Most windows of each text, spread evenly over it.</summary>
    public const int MostWindows = 128;

    /// <summary>Windows of text that the teacher writes itself for a reference: about as many tokens are generated.</summary>
    public const int WrittenWindows = 16;

    /// <summary>Tests a teacher.</summary>
    /// <param name="teacher">The teacher; read only.</param>
    /// <param name="data">Text that it should teach, best held-out.</param>
    /// <param name="dataName">Its name.</param>
    /// <param name="reference">Text that it knows well.</param>
    /// <param name="referenceName">Its name.</param>
    /// <param name="sequence">Tokens of a window; at most <see cref="MostSequence"/> are taken.</param>
    /// <param name="threshold">What the lower end of the interval must be above, from 0.</param>
    /// <param name="progress">Receives the windows.</param>
    /// <exception cref="EspalierException">A text has fewer than two windows, or the loss is not finite.</exception>
    public static CorrectionTestResult Run(
        Decoder teacher, ITokens data, string dataName, ITokens reference, string referenceName, int sequence, double threshold,
        IProgressReporter progress, CancellationToken stop = default)
    {
        if (!(threshold >= 0 && double.IsFinite(threshold)))
            throw new EspalierException($"threshold is {threshold}; it must be at least 0");
        sequence = Math.Min(sequence, MostSequence);
        var (ours, theirs) = (Look(data, dataName), Look(reference, referenceName));
        var judged = WelchInterval.Of(ours.Excess, theirs.Excess);
        var plain = WelchInterval.Of(ours.Loss, theirs.Loss);
        return new()
        {
            Data = TextSurprise.Of(dataName, ours),
            Reference = TextSurprise.Of(referenceName, theirs),
            Seq = sequence,
            LossDifference = plain.Difference,
            LossDifferenceSe = plain.StandardError,
            Difference = judged.Difference,
            DifferenceSe = judged.StandardError,
            Degrees = judged.Degrees,
            Lower = judged.Lower,
            Upper = judged.Upper,
            Threshold = threshold,
        };

        WindowSurprise Look(ITokens tokens, string name)
        {
            var windows = new WindowSet(tokens, sequence, WindowStride.Contiguous);
            CheckWindows(name, $"{tokens.Count}", windows.Count, sequence);
            var found = SurpriseEvaluator.Run(teacher, windows, MostWindows, 8, progress, $"need: {name}", stop);
            return found.Excess.All(double.IsFinite)
                ? found
                : throw new EspalierException($"{name}: the teacher's loss is not finite: its activations overflow on this text")
                { ExitCode = 1 };
        }
    }
}

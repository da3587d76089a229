using Espalier.Compression.Evaluation;

namespace Espalier.Cli.Commands;

/// <summary>What <c>need --json</c> prints.</summary>
internal sealed record NeedReport
{
    /// <summary>The teacher's folder.</summary>
    public required string Model { get; init; }

    /// <summary>Whether correction is needed.</summary>
    public required bool Needed { get; init; }

    /// <summary>The same in a sentence, with its numbers.</summary>
    public required string Why { get; init; }

    /// <summary>The text, nats a token.</summary>
    public required TextSurprise Data { get; init; }

    /// <summary>What it was compared with, nats a token.</summary>
    public required TextSurprise Reference { get; init; }

    /// <summary>Excess on the text − excess on the reference: what is judged.</summary>
    public required double Difference { get; init; }

    /// <summary>Its standard error.</summary>
    public required double DifferenceSe { get; init; }

    /// <summary>Degrees of freedom (Welch).</summary>
    public required double Degrees { get; init; }

    /// <summary>Lower end of its 95 % confidence interval.</summary>
    public required double Lower { get; init; }

    /// <summary>Upper end.</summary>
    public required double Upper { get; init; }

    /// <summary>What the lower end must be above.</summary>
    public required double Threshold { get; init; }

    /// <summary>Loss on the text − loss on the reference, which is not judged.</summary>
    public required double LossDifference { get; init; }

    /// <summary>Its standard error.</summary>
    public required double LossDifferenceSe { get; init; }

    /// <summary>Tokens of a window.</summary>
    public required int Seq { get; init; }

    internal static NeedReport Of(string model, CorrectionTestResult result) => new()
    {
        Model = model,
        Needed = result.Needed,
        Why = result.Why,
        Data = result.Data,
        Reference = result.Reference,
        Difference = result.Difference,
        DifferenceSe = result.DifferenceSe,
        Degrees = result.Degrees,
        Lower = result.Lower,
        Upper = result.Upper,
        Threshold = result.Threshold,
        LossDifference = result.LossDifference,
        LossDifferenceSe = result.LossDifferenceSe,
        Seq = result.Seq,
    };
}

using Espalier.Compression.Data.Batches;
using Espalier.Compression.Data.Tokens;

namespace Espalier.Pipeline.Checks;

/// <summary>How many tokens a text has.</summary>
/// <param name="Name">The text, for errors.</param>
/// <param name="Tokens">Their number, or one that it cannot be above.</param>
/// <param name="IsExact">Whether they were counted.</param>
internal sealed record TextSize(string Name, long Tokens, bool IsExact)
{
    /// <summary>Documents that they are of; null where nobody counted.</summary>
    public long? Documents { get; init; }

    /// <summary>The size of tokens that are there.</summary>
    public static TextSize Of(ITokens tokens, string? name = null) => new(name ?? tokens.Name, tokens.Count, IsExact: true);

    /// <summary>The number in words: <c>300</c>, or <c>at most 300</c>.</summary>
    public string Words => IsExact ? $"{Tokens}" : $"at most {Tokens}";

    /// <summary>Windows of a length, as <see cref="WindowSet"/> cuts them.</summary>
    public long Windows(int sequence, WindowStride stride) =>
        stride == WindowStride.Disjoint ? Tokens / (sequence + 1L) : Math.Max(0, Tokens - 1) / sequence;
}

/// <summary>The sizes of all texts of a recipe; null, or absent, where nothing is known beforehand.</summary>
/// <param name="Train">What is trained and scored on.</param>
/// <param name="HeldOut">What is held out of it.</param>
/// <param name="Evaluations">The other texts that are evaluated on, by their names.</param>
/// <param name="Reference">What the test of <c>correct: auto</c> compares with; null where the teacher writes it.</param>
internal sealed record TextSizes(TextSize? Train, TextSize? HeldOut, IReadOnlyDictionary<string, TextSize> Evaluations,
    TextSize? Reference)
{
    /// <summary>Text to score on; null where that is the training text, or not known.</summary>
    public TextSize? Calibration { get; init; }
}

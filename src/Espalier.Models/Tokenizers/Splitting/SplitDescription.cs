namespace Espalier.Models.Tokenizers.Splitting;

/// <summary>What a chain of splits is known as.</summary>
internal sealed class SplitDescription
{
    private readonly List<string> _steps = [];

    /// <summary>Adds a step by its name: a known split's, or behaviour, inversion and expression of another.</summary>
    public void Add(string step) => _steps.Add(step);

    /// <summary>The splits together.</summary>
    public PretokenizerSplit Kind => _steps switch
    {
        // A space that merges with what is before it is nowhere where all spaces have become marks (Gemma).
        [] or ["text MergedWithPrevious False  "] => PretokenizerSplit.None,
        [var single] when Enum.TryParse<PretokenizerSplit>(single, out var known) && Enum.IsDefined(known) => known,
        [nameof(PretokenizerSplit.Digits), nameof(PretokenizerSplit.Gpt2)] => PretokenizerSplit.DigitsThenGpt2,
        ["punctuation Contiguous", nameof(PretokenizerSplit.Gpt2), "bytes", "digit runs", "Isolated False " + ThreeDigits] =>
            PretokenizerSplit.Falcon,
        ["Isolated False " + Qwen35] => PretokenizerSplit.Qwen35,
        _ when _steps.SequenceEqual(DeepSeek3.Select(static expression => "Isolated False " + expression)) =>
            PretokenizerSplit.DeepSeek3,
        _ => PretokenizerSplit.Other,
    };

    /// <summary>Qwen3.5's: Qwen2's with marks as letters.</summary>
    public const string Qwen35 = @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*"
        + @"|\s*[\r\n]+|\s+(?!\S)|\s+";

    /// <summary>Falcon's last split, of digits three by three.</summary>
    public const string ThreeDigits = "[0-9][0-9][0-9]";

    /// <summary>DeepSeek-V3's splits, one after the other: numbers, Chinese and Japanese, and the rest.</summary>
    public static IReadOnlyList<string> DeepSeek3 { get; } =
    [
        @"\p{N}{1,3}",
        "[一-龥぀-ゟ゠-ヿ]+",
        "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\r\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\r\n]*"
            + "|\\s*[\r\n]+|\\s+(?!\\S)|\\s+",
    ];
}

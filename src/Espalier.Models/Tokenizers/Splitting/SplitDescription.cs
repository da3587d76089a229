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
        ["punctuation Contiguous", nameof(PretokenizerSplit.Gpt2), "bytes", "digit runs", "Isolated False [0-9][0-9][0-9]"] =>
            PretokenizerSplit.Falcon,
        [@"Isolated False \p{N}{1,3}", "Isolated False [一-龥぀-ゟ゠-ヿ]+", "Isolated False " + DeepSeek3] => PretokenizerSplit.DeepSeek3,
        _ => PretokenizerSplit.Other,
    };

    private const string DeepSeek3 =
        "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\r\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\r\n]*"
            + "|\\s*[\r\n]+|\\s+(?!\\S)|\\s+";
}

namespace Espalier.Cli.Commands;

/// <summary>What <c>generate --json</c> prints.</summary>
internal sealed record GenerationReport
{
    /// <summary>The new ids, without the prompt; an EOS that ended them is the last.</summary>
    public required IReadOnlyList<int> Ids { get; init; }

    /// <summary>Their text, without special tokens; absent where the model has no tokenizer.</summary>
    public string? Text { get; init; }

    /// <summary>Ids of the prompt, BOS included.</summary>
    public int PromptTokens { get; init; }

    /// <summary>eos, max-tokens, or positions (the model's are used up).</summary>
    public string StoppedBy { get; init; } = "";

    /// <summary>Seconds until the first new id; absent where there is none.</summary>
    public double? PromptSeconds { get; init; }

    /// <summary>float32, bf16 or int8: what the matrices were kept in.</summary>
    public string Weights { get; init; } = "";

    /// <summary>New ids a second, from the second one on; absent where there are fewer than two.</summary>
    public double? TokensPerSecond { get; init; }
}

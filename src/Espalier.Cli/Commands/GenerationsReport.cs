namespace Espalier.Cli.Commands;

/// <summary>What <c>generate --json</c> prints of several prompts.</summary>
internal sealed record GenerationsReport
{
    /// <summary>One a prompt, in their order.</summary>
    public required IReadOnlyList<ContinuationReport> Continuations { get; init; }

    /// <summary>Seconds for all of them, prompts included.</summary>
    public double Seconds { get; init; }

    /// <summary>New ids of all prompts a second.</summary>
    public double TokensPerSecond { get; init; }

    /// <summary>float32, bf16 or int8: what the matrices were kept in.</summary>
    public string Weights { get; init; } = "";
}

/// <summary>What follows one of several prompts.</summary>
internal sealed record ContinuationReport
{
    /// <summary>The text that was continued.</summary>
    public required string Prompt { get; init; }

    /// <summary>The new ids; an EOS that ended them is the last.</summary>
    public required IReadOnlyList<int> Ids { get; init; }

    /// <summary>Their text, without special tokens.</summary>
    public required string Text { get; init; }

    /// <summary>Ids of the prompt, BOS included.</summary>
    public int PromptTokens { get; init; }

    /// <summary>eos, max-tokens, or positions (the model's are used up).</summary>
    public required string StoppedBy { get; init; }
}

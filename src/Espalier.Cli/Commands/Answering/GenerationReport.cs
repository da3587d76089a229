namespace Espalier.Cli.Commands.Answering;

/// <summary>What <c>generate --json</c> prints.</summary>
internal sealed record GenerationReport
{
    /// <summary>The new ids, without the prompt; an EOS that ended them is the last.</summary>
    public required IReadOnlyList<int> Ids { get; init; }

    /// <summary>Their text, without special tokens; absent where the model has no tokenizer.</summary>
    public string? Text { get; init; }

    /// <summary>Ids of the prompt, BOS included.</summary>
    public int PromptTokens { get; init; }

    /// <summary>eos, stop (a text of <c>--stop</c>), max-tokens, or positions (the model's are used up).</summary>
    public string StoppedBy { get; init; } = "";

    /// <summary>Seconds until the first new id; absent where there is none.</summary>
    public double? PromptSeconds { get; init; }

    /// <summary>float32, bf16 or int8: what the matrices were kept in.</summary>
    public string Weights { get; init; } = "";

    /// <summary>New ids a second, from the second one on; absent where there are fewer than two.</summary>
    public double? TokensPerSecond { get; init; }
}

/// <summary>What <c>generate --json</c> prints of several prompts or samples.</summary>
internal sealed record GenerationsReport
{
    /// <summary>One a sample of a prompt, in the order of the prompts.</summary>
    public required IReadOnlyList<ContinuationReport> Continuations { get; init; }

    /// <summary>Seconds for all of them, prompts included.</summary>
    public double Seconds { get; init; }

    /// <summary>New ids of all prompts a second.</summary>
    public double TokensPerSecond { get; init; }

    /// <summary>float32, bf16 or int8: what the matrices were kept in.</summary>
    public string Weights { get; init; } = "";
}

/// <summary>What follows one of several prompts, or one of several samples.</summary>
/// <param name="Prompt">The text that was continued; absent where ids were.</param>
/// <param name="Seed">The seed of its choices.</param>
/// <param name="Ids">The new ids; an EOS that ended them is the last.</param>
/// <param name="Text">Their text, without special tokens; absent where the model has no tokenizer.</param>
/// <param name="PromptTokens">Ids of the prompt, BOS included.</param>
/// <param name="StoppedBy">eos, stop (a text of <c>--stop</c>), max-tokens, or positions (the model's are used up).</param>
internal sealed record ContinuationReport(
    string? Prompt, int Seed, IReadOnlyList<int> Ids, string? Text, int PromptTokens, string StoppedBy);

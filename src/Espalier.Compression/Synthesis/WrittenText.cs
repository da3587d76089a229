namespace Espalier.Compression.Synthesis;

/// <summary>Why the teacher wrote no further.</summary>
internal enum WrittenEnd
{
    /// <summary>It ended the text.</summary>
    Eos,

    /// <summary>As many tokens as were asked for.</summary>
    MaxTokens,

    /// <summary>Its positions are used up.</summary>
    Positions,

    /// <summary>The prompt left no position: nothing was written.</summary>
    PromptTooLong,
}

/// <summary>A text that the teacher wrote, as the journal has it.</summary>
/// <param name="Item">Its number, from 0.</param>
/// <param name="Text">What the teacher wrote; of the beginning of a document both together.</param>
/// <param name="Tokens">Tokens that it wrote, one that ends the text included.</param>
/// <param name="LogLikelihood">Σ log p of these at temperature 1, nats.</param>
/// <param name="Repetition">The share of stretches of four of them that came before (seq-rep-4, arXiv 1908.04319, section 6.1).</param>
/// <param name="End">Why it wrote no further.</param>
internal sealed record WrittenText(int Item, string Text, int Tokens, double LogLikelihood, double Repetition, WrittenEnd End)
{
    /// <summary>Perplexity of what it wrote, under itself; NaN of nothing.</summary>
    public double Perplexity => Math.Exp(-LogLikelihood / Tokens);
}

/// <summary>A text beside what it was written after.</summary>
internal sealed record WrittenAfter(SynthesisPrompt Prompt, WrittenText Text)
{
    /// <summary>All that a line of the result says: the prompt and the text.</summary>
    public string Whole { get; } = Prompt.Said is { Length: > 0 } said ? $"{said}\n{Text.Text}" : Text.Text;
}

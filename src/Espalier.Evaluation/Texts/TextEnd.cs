namespace Espalier.Evaluation.Texts;

/// <summary>When a text that a model writes ends, beside its end of text.</summary>
/// <param name="Stop">Before any of these.</param>
/// <param name="MaxTokens">After so many tokens.</param>
internal sealed record TextEnd(IReadOnlyList<string> Stop, int MaxTokens);

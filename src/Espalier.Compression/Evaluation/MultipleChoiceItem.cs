namespace Espalier.Compression.Evaluation;

/// <summary>A question with several answers, one of which is right.</summary>
/// <param name="Context">What the model reads first; may be empty.</param>
/// <param name="Choices">The answers, at least two. Between context and answer stands one blank, unless either brings one along.</param>
/// <param name="Answer">Which is right, from 0.</param>
internal sealed record MultipleChoiceItem(string Context, IReadOnlyList<string> Choices, int Answer);

namespace Espalier.Compression.Synthesis;

/// <summary>What came of a synthesis; the same whatever was interrupted.</summary>
/// <param name="Written">Texts that the teacher was to write.</param>
/// <param name="Kept">Lines of the result.</param>
/// <param name="Dropped">
/// Texts that were not kept, by the reason's name, in the order of the filters; those that dropped none are left out.
/// </param>
/// <param name="Tokens">Tokens that were written, prompts not counted.</param>
/// <param name="KeptTokens">Those of the texts that were kept.</param>
/// <param name="Perplexity">Perplexity of what was kept, under the teacher at temperature 1; null where nothing was.</param>
internal sealed record SynthesisSummary(
    int Written, int Kept, IReadOnlyDictionary<string, int> Dropped, long Tokens, long KeptTokens, double? Perplexity);

/// <summary>A summary with what this start did of it.</summary>
/// <param name="Summary">The whole.</param>
/// <param name="NewTexts">Texts that this start wrote.</param>
/// <param name="NewTokens">Their tokens.</param>
/// <param name="Seconds">Seconds that this took, without loading.</param>
internal sealed record SynthesisResult(SynthesisSummary Summary, int NewTexts, long NewTokens, double Seconds);

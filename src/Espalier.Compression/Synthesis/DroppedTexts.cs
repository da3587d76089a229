namespace Espalier.Compression.Synthesis;

/// <summary>What to do where most texts are dropped: what cost the time of writing them is lost for the commonest reason.</summary>
internal static class DroppedTexts
{
    // Options by the names that command and recipe share, without dashes.
    private static readonly Dictionary<string, string> s_ways = new(StringComparer.Ordinal)
    {
        ["prompt-too-long"] = "the prompt leaves no room for an answer: shorten the prompts, or beginning",
        ["empty"] = "the model ends at once: give it prompts, or documents to continue",
        ["unfinished"] = "they are longer than max-tokens: raise it, or keep cut texts with keep-unfinished",
        ["short"] = "the model ends before min-tokens: lower it, or give prompts that ask for more",
        ["perplexity"] = "widen min-perplexity to max-perplexity, or sample nearer to the model with temperature 1",
        ["repetition"] = "the texts repeat themselves: raise temperature or repetition-penalty, or allow more with max-repetition",
        ["language"] = "the model writes another language, or too little to tell: give prompts in yours, or leave language out",
        ["contaminated"] = "they overlap with the texts that decontaminate names: use other prompts or documents",
        ["duplicate"] = "the same text recurs: raise temperature, give more prompts or documents, or lower count",
        ["near-duplicate"] = "nearly the same text recurs: raise temperature, give more prompts or documents, or lower count",
    };

    /// <summary>A sentence where more than half is dropped; null where no more is.</summary>
    /// <param name="written">Texts that were written.</param>
    /// <param name="kept">Those that are kept.</param>
    /// <param name="dropped">The others by <see cref="TextFilters.Reasons"/>.</param>
    public static string? Advice(int written, int kept, IReadOnlyDictionary<string, int> dropped) =>
        2 * (written - kept) <= written || dropped.Count == 0 ? null
        : dropped.MaxBy(reason => reason.Value) is var (reason, count) ? string.Create(CultureInfo.InvariantCulture,
            $"{100.0 * (written - kept) / written:0} % of the texts are dropped, {count} of {written} as {reason}: {s_ways[reason]}")
        : null;
}

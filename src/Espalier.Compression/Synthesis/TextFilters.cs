namespace Espalier.Compression.Synthesis;

/// <summary>The filters of what a text is by itself, and of what repeats earlier ones.</summary>
internal static class TextFilters
{
    /// <summary>Reasons in the order in which they are asked and counted.</summary>
    public static IReadOnlyList<string> Reasons { get; } =
    [
        "prompt-too-long", "empty", "unfinished", "short", "perplexity", "repetition", "language", "contaminated", "duplicate",
        "near-duplicate",
    ];

    /// <summary>All filters that the options ask for, in their order.</summary>
    /// <param name="others">Filters of language and benchmarks, which are asked before those of repetitions.</param>
    public static IReadOnlyList<TextFilter> Of(SynthesisOptions options, SynthesisForm form, IEnumerable<TextFilter> others)
    {
        var least = options.MinTokens ?? (form == SynthesisForm.Text ? SynthesisOptions.UsualLeast : 1);
        var filters = new List<TextFilter>
        {
            new("prompt-too-long", written => written.Text.End == WrittenEnd.PromptTooLong),
            new("empty", written => string.IsNullOrWhiteSpace(written.Text.Text)),
        };
        if (!options.KeepUnfinished)
            filters.Add(new("unfinished", written => written.Text.End != WrittenEnd.Eos));
        if (least > 1)
            filters.Add(new("short", written => written.Text.Tokens < least));
        if (options.MinPerplexity > 1 || options.MaxPerplexity is not null)
            filters.Add(new("perplexity", written =>
                !(written.Text.Perplexity >= options.MinPerplexity
                    && written.Text.Perplexity <= (options.MaxPerplexity ?? double.MaxValue))));
        if (options.MaxRepetition < 1)
            filters.Add(new("repetition", written => written.Text.Repetition > options.MaxRepetition));
        filters.AddRange(others);
        if (!options.KeepDuplicates)
            filters.Add(Duplicates());
        if (options.NearDuplicates is { } threshold)
        {
            var known = new NearDuplicates(threshold);
            filters.Add(new("near-duplicate", written => !known.Add(written.Text.Text)));
        }
        return filters;
    }

    /// <summary>Texts that are equal, prompts included, whatever white space is between their words.</summary>
    private static TextFilter Duplicates()
    {
        var known = new HashSet<string>(StringComparer.Ordinal);
        return new("duplicate", written => !known.Add(ContentHash.OfText(
            string.Join(' ', written.Whole.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)))));
    }
}

using Espalier.Compression.Synthesis;

namespace Espalier.Compression.Tests.Synthesis;

/// <summary>Each reason on texts that are written out, and the order in which texts are counted.</summary>
public sealed class TextFiltersTests
{
    private static readonly WrittenText s_good = new(0, "A text of seven words stands here.", 20, -20 * Math.Log(8), 0.1, WrittenEnd.Eos);

    [Fact]
    public void A_text_is_counted_by_the_first_reason_that_drops_it()
    {
        Assert.Null(Reason(new(), s_good));
        Assert.Equal("prompt-too-long", Reason(new(), new(0, "", 0, 0, 0, WrittenEnd.PromptTooLong)));
        Assert.Equal("empty", Reason(new(), s_good with { Text = " \n", End = WrittenEnd.MaxTokens }));
        Assert.Equal("unfinished", Reason(new(), s_good with { End = WrittenEnd.MaxTokens }));
        Assert.Equal("unfinished", Reason(new(), s_good with { End = WrittenEnd.Positions }));
        Assert.Null(Reason(new() { KeepUnfinished = true }, s_good with { End = WrittenEnd.Positions }));
        Assert.Equal("short", Reason(new(), s_good with { Tokens = 15 }));
        Assert.Null(Reason(new() { MinTokens = 15 }, s_good with { Tokens = 15, LogLikelihood = 0 }));
        Assert.Equal("repetition", Reason(new(), s_good with { Repetition = 0.31 }));
        Assert.Null(Reason(new() { MaxRepetition = 1 }, s_good with { Repetition = 1 }));
    }

    [Fact]
    public void Perplexity_has_bounds_on_both_sides()
    {
        Assert.Equal(8, s_good.Perplexity, 1e-12);
        Assert.Null(Reason(new() { MinPerplexity = 7.99, MaxPerplexity = 8.01 }, s_good));
        Assert.Equal("perplexity", Reason(new() { MinPerplexity = 8.01 }, s_good));
        Assert.Equal("perplexity", Reason(new() { MaxPerplexity = 7.99 }, s_good));
    }

    [Fact]
    public void Answers_may_be_short_and_the_same_to_other_prompts()
    {
        var filters = TextFilters.Of(new(), SynthesisForm.Completion, []);
        string? Of(string prompt, string answer) => filters.FirstOrDefault(filter =>
            filter.Drops(new(new("p", [1]) { Text = prompt }, s_good with { Text = answer, Tokens = 2 })))?.Reason;
        Assert.Null(Of("Is it?", "Yes."));
        Assert.Null(Of("Was it?", "Yes."));
        Assert.Equal("duplicate", Of("Is  it?", " Yes.\n"));
        Assert.Null(Of("Say something.", "one two three four five six seven eight nine ten eleven twelve"));
        Assert.Equal("near-duplicate", Of("Say more.", "One two three four five six seven eight nine ten eleven twelve!"));
    }

    [Fact]
    public void A_dropped_text_is_none_that_later_ones_repeat()
    {
        var filters = TextFilters.Of(new(), SynthesisForm.Text, []);
        string? Of(WrittenText text) => filters.FirstOrDefault(filter => filter.Drops(new(new(null, [1]), text)))?.Reason;
        Assert.Equal("unfinished", Of(s_good with { End = WrittenEnd.MaxTokens }));
        Assert.Null(Of(s_good));
        Assert.Equal("duplicate", Of(s_good));
    }

    private static string? Reason(SynthesisOptions options, WrittenText text) => TextFilters.Of(options, SynthesisForm.Text, [])
        .FirstOrDefault(filter => filter.Drops(new(new(null, [1]), text)))?.Reason;
}

using Espalier.Compression.Synthesis;
using Espalier.Pipeline.Recipes;

namespace Espalier.Tests.Options;

/// <summary>What <c>synthesize</c> of a recipe means.</summary>
public sealed class SynthesisSectionTests
{
    [Theory]
    [InlineData("{}")]
    [InlineData("{ count: 2k, temperature: 0.7, top-p: 0.9, near-duplicates: keep, max-perplexity: 50, keep-unfinished: true }")]
    [InlineData("{ prompts: p.jsonl, system: Be kind., min-tokens: 4, language: en, decontaminate: [gsm8k, a.txt] }")]
    [InlineData("{ documents: [a.txt, b.md], beginning: 48, max-repetition: 100%, keep-duplicates: true, top-k: 40 }")]
    public void A_canonical_text_means_the_same(string section)
    {
        var recipe = Parse(section);
        var again = RecipeFile.Parse(RecipeFile.Canonical(recipe), "c");
        Assert.Equal(RecipeFile.Canonical(recipe), RecipeFile.Canonical(again));
        Assert.Equal(Flat(recipe.Synthesize!), Flat(again.Synthesize!));
        Assert.NotEqual(RecipeFile.Canonical(recipe), RecipeFile.Canonical(Parse("{ count: 7 }")));
    }

    [Fact]
    public void Without_the_section_nothing_is_written_and_no_text_says_so()
    {
        var recipe = RecipeFile.Parse("teacher: t\ndata: { train: a.txt }\nprune: { hidden: 192 }\n", "r.yaml");
        Assert.Null(recipe.Synthesize);
        Assert.DoesNotContain("synthesize", RecipeFile.Canonical(recipe));
    }

    [Theory]
    [InlineData("{ prompts: a.txt, documents: b.txt }", "prompts are also given")]
    [InlineData("{ beginning: 3 }", "it is for documents")]
    [InlineData("{ plain: true }", "it is for prompts")]
    [InlineData("{ repetition-penalty: 0.001 }", "repetition-penalty is 0.001; it must be a number from 0.01 and at most 1000000")]
    [InlineData("{ prompts: a.txt, system: S, plain: true }", "goes through the chat template")]
    [InlineData("{ top-p: 2 }", "top-p")]
    [InlineData("{ near-duplicates: 0 }", "near-duplicates")]
    [InlineData("{ min-perplexity: 9, max-perplexity: 8 }", "at least min-perplexity")]
    [InlineData("{ tempreature: 1 }", "temperature")]
    public void What_makes_no_sense_is_refused(string section, string expected) =>
        Assert.Contains(expected, Assert.ThrowsAny<EspalierException>(() => Parse(section)).Message);

    private static Recipe Parse(string section) =>
        RecipeFile.Parse($"teacher: t\ndata: {{ train: a.txt }}\nprune: {{ hidden: 192 }}\nsynthesize: {section}\n", "r.yaml");

    private static string Flat(SynthesisOptions options) =>
        (options with { Documents = [], Decontaminate = [] }).ToString() + string.Join(',', options.Documents.Concat(options.Decontaminate));
}

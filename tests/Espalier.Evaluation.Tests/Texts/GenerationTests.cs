using Espalier.Evaluation.Catalog;
using Espalier.Evaluation.Choices;
using Espalier.Evaluation.Documents;
using Espalier.Evaluation.Requests;
using Espalier.Evaluation.Texts;
using Espalier.Models.Checkpoints;
using Espalier.Models.Generation;
using Espalier.Models.Generation.Packed;
using Espalier.Models.Generation.Rows;
using Espalier.Models.Tokenizers;
using Espalier.Tests;

namespace Espalier.Evaluation.Tests.Texts;

/// <summary>What a model writes is what it would write alone, up to where it must end.</summary>
public sealed class GenerationTests : TorchTest
{
    private const int Most = 24;

    private static readonly string[] s_prompts =
        ["Once upon a time", "The dog", "", "She saw a big red ball in the park and wanted to", "One day, a boy named Tim", "It was"];

    [Fact]
    public void Texts_are_those_of_each_prompt_alone_cut_before_the_stop_string()
    {
        using var checkpoint = Checkpoint.Open(Path.Combine(Fixtures.Root, "models", "quickstart-teacher"));
        using var packed = PackedWeights.Load(checkpoint, WeightFormat.Float32);
        var tokenizer = Tokenizer.Load(checkpoint.Folder);
        var ends = StopIds.Of(checkpoint, tokenizer);
        string[] alone = [.. s_prompts.Select(prompt => tokenizer.Decode([.. Generator.Continue(packed, Ids(tokenizer, prompt), Most,
            new() { Temperature = 0 }, ends)], skipSpecialTokens: true))];

        // A piece out of the middle of a text begins and ends within tokens somewhere.
        var middle = alone[0][(alone[0].Length / 2)..(alone[0].Length / 2 + 5)];
        foreach (var (stops, atOnce) in new (string[], int)[]
            { ([], 3), ([middle], 1), (["never written", middle], 4), ([alone[1][2..4]], 6) })
        {
            var texts = new Generation?[s_prompts.Length];
            new Generations(packed, tokenizer, ends).Run([.. s_prompts.Select(prompt => new GenerationRequest(prompt, "here"))], stops,
                Most, (place, text) =>
                {
                    Assert.Null(texts[place]);
                    texts[place] = text;
                }, atOnce);
            foreach (var (text, whole) in texts.Zip(alone))
            {
                var at = stops.Select(stop => whole.IndexOf(stop, StringComparison.Ordinal)).Where(at => at >= 0).DefaultIfEmpty(-1).Min();
                Assert.Equal(at < 0 ? whole : whole[..at], text!.Text);
                Assert.Equal(at >= 0, text.End == GenerationEnd.StopString);
                Assert.InRange(text.Tokens, 1, Most);
                Assert.True(text.End != GenerationEnd.Length || text.Tokens == Most);
            }
            if (stops.Length == 1)
                Assert.Contains(texts, text => text!.End == GenerationEnd.StopString && text.Tokens < Most);
        }
    }

    [Fact]
    public void A_long_prompt_loses_its_beginning_and_what_is_known_is_not_asked_again()
    {
        using var checkpoint = Checkpoint.Open(Path.Combine(Fixtures.Root, "models", "quickstart-teacher"));
        using var packed = PackedWeights.Load(checkpoint, WeightFormat.Float32);
        var tokenizer = Tokenizer.Load(checkpoint.Folder);
        var positions = checkpoint.Config.MaxPositions;
        var generations = new Generations(packed, tokenizer, StopIds.Of(checkpoint, tokenizer));
        var longText = string.Concat(Enumerable.Repeat("One day a girl went to the park. ", positions));
        var ids = Ids(tokenizer, longText);

        var kind = Kind("stop: x\nmax-tokens: 4");
        GeneratedPrompt[] prompts = [Prompt(longText), Prompt("Once")];
        var made = new List<int>();
        var first = GeneratedEvaluator.Run(generations, kind, prompts, "t", NullProgress.Instance, made: (place, _) => made.Add(place));
        Assert.Equal([0, 1], made);
        Assert.Equal((ids.Length - (positions - 4), 0), (first[0].Cut, first[1].Cut));
        var expected = tokenizer.Decode([.. Generator.Continue(packed, ids[^(positions - 4)..], 4, new() { Temperature = 0 },
            StopIds.Of(checkpoint, tokenizer))], skipSpecialTokens: true);
        Assert.Equal(StopStrings.Cut(expected, ["x"]), first[0].Text);

        made.Clear();
        var known = new Generation("what was there", 1, GenerationEnd.Length, 0);
        var second = GeneratedEvaluator.Run(generations, kind, prompts, "t", NullProgress.Instance,
            new Dictionary<int, Generation> { [0] = known }, (place, _) => made.Add(place));
        Assert.Equal([1], made);
        Assert.Equal([known, first[1]], second);

        Assert.Contains("lower max-tokens", Assert.Throws<EspalierException>(() => GeneratedEvaluator.Run(
            generations, Kind($"max-tokens: {positions}"), prompts, "t", NullProgress.Instance)).Message);
    }

    [Theory]
    [InlineData("a Question: b", "a ")]
    [InlineData("a</s>Question:", "a")]
    [InlineData("no end", "no end")]
    public void What_is_written_ends_before_each_stop_string(string text, string expected) =>
        Assert.Equal(expected, StopStrings.Cut(text, ["Question:", "</s>", ""]));

    private static int[] Ids(Tokenizer tokenizer, string prompt) =>
        tokenizer.Encode(prompt) is { Length: > 0 } ids ? ids : [tokenizer.BosId!.Value];

    private static GeneratedKind Kind(string keys) =>
        (GeneratedKind)TaskFile.Parse($"kind: generate\ntest: a.jsonl\nprompt: q\ntarget: a\n{keys}\n", "t.yaml").Kind;

    private static GeneratedPrompt Prompt(string text) => new(new TaskDocument(default, "here", 0), text);
}

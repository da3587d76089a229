using Espalier.Evaluation.Catalog;
using Espalier.Evaluation.Choices;
using Espalier.Evaluation.Documents;
using Espalier.Evaluation.Requests;
using Espalier.Evaluation.Tasks.Templates;
using Espalier.Tests;

namespace Espalier.Evaluation.Tests.Choices;

/// <summary>Choices of which several may be right, lists that a text holds, and what stands before everything.</summary>
public sealed class ChoiceTests
{
    private const string Document =
        "{\"q\": \"Q\", \"best\": \" Yes \", \"true\": \"Yes; Perhaps.;; \", \"false\": \"No; Never\", \"list\": [\"a\", \"b\", \"c\"], "
        + "\"labels\": [1, 0, 1], \"none\": [0, 0, 0], \"long\": [1, 0]}";

    [Theory]
    [InlineData("right: \"{true|semicolons|period}\"\nwrong: \"{false|semicolons}\"", "Yes.|Perhaps.|No|Never", "01")]
    [InlineData("right: [\"{best|strip}\", x]\nwrong: [\"{list}\"]", "Yes|x|a|b|c", "01")]
    [InlineData("choices: \"{list}\"\nanswer: \"{labels}\"\nanswer-is: labels", "a|b|c", "02")]
    [InlineData("choices: [\"{best|strip|period}\", \"{false|semicolons|period}\"]\nanswer: \"0\"", "Yes.|No.|Never.", "0")]
    [InlineData("choices: \"{list|capitalize}\"\nanswer: \"1\"", "A|B|C", "1")]
    public void Choices_come_from_lists_and_from_texts_that_hold_some(string keys, string choices, string right)
    {
        var prompt = Assert.Single(Prompts(keys));
        Assert.Equal(choices, string.Join('|', prompt.Choices));
        Assert.Equal(right, string.Concat(prompt.Answers));
    }

    [Theory]
    [InlineData("right: \"{true|semicolons}\"", "wrong is missing")]
    [InlineData("right: \"{list}\"\nwrong: \"{list}\"\nchoices: \"{list}\"", "choices is not a key here")]
    [InlineData("choices: \"{list}\"\nanswer: \"{none}\"\nanswer-is: labels", "0 of 3 choices are right")]
    [InlineData("choices: \"{list}\"\nanswer: \"{long}\"\nanswer-is: labels", "has 2 labels for 3 choices")]
    [InlineData("choices: \"{list}\"\nanswer: \"{list}\"\nanswer-is: labels", "a label is 'a'; it must be 1 or 0")]
    [InlineData("choices: \"{list}\"\nanswer: \"{labels}\"", "labels is a list; a text was expected")]
    [InlineData("choices: [\"a {false|semicolons}\", b]\nanswer: \"0\"", "turns a field into a list, which cannot be combined with other text")]
    [InlineData("choices: \"{best}\"\nanswer: \"0\"", "has 1 choice, but needs at least two")]
    [InlineData("kind: partial\ncontinuation: c\nchoices: \"{list}\"\nanswer: \"{labels}\"\nanswer-is: labels", "must be one of index")]
    public void What_is_wrong_with_them_is_said(string keys, string expected) =>
        Assert.Contains(expected, Assert.Throws<EspalierException>(() => Prompts(keys)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData(new[] { -1.0, -2, -3 }, new[] { 0, 2 }, 0.755)]
    [InlineData(new[] { -1000.0, -1000, -1000, -1000 }, new[] { 0 }, 0.25)]
    [InlineData(new[] { -5000.0, -1 }, new[] { 0 }, 0)]
    public void The_share_of_the_right_ones_is_not_divided_by_lengths(double[] likelihoods, int[] right, double expected)
    {
        string[] choices = [.. likelihoods.Select((_, i) => new string('x', i + 1))];
        var prompt = new ChoicePrompt(new(default, "p", 0), [.. choices.Select(choice => ("", choice))], choices, right, HasSeveral: true);
        Assert.Equal(expected,
            new ChoiceResult(prompt, [.. likelihoods.Select(ll => new ContinuationScore(ll, false))], 0).Score("acc"), 1e-3);
    }

    [Fact]
    public void A_text_of_the_users_stands_before_every_question_without_its_last_line_break()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(Path.Combine(folder.Path, "a.jsonl"), Document);
        const string Keys = "choices: \"{list}\"\nanswer: \"0\"\ndescription-from: before.txt\nprompt: \"\\n\\nQ: {q}\\nA:\"";
        var error = Assert.Throws<EspalierException>(() => Prompts(Keys, folder.Path)).Message;
        Assert.Contains("before.txt, the text before every question, does not exist.", error, StringComparison.Ordinal);
        File.WriteAllText(Path.Combine(folder.Path, "before.txt"), "Q: {a}\r\nA: b\r\n");
        Assert.Equal("Q: {a}\nA: b\n\nQ: Q\nA:", Prompts(Keys, folder.Path)[0].Pairs[0].Context);
        Assert.Contains("has both description and description-from", Assert.Throws<EspalierException>(
            () => Prompts($"{Keys}\ndescription: x", folder.Path)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{text|last-word}", "one two  three", "three")]
    [InlineData("{text|but-last-word}", "one two  three", "one two ")]
    [InlineData("{text|last-word}", "one", "one")]
    [InlineData("{text|but-last-word}", "one", "")]
    [InlineData("{text|last-word}", "one ", "")]
    [InlineData("<{text|strip|period}>", " one ", "<one.>")]
    public void Filters_make_of_a_text_what_they_are_named_for(string template, string text, string expected)
    {
        var fields = JsonSerializer.SerializeToElement(new Dictionary<string, string> { ["text"] = text });
        Assert.Equal(expected, Template.Parse(template, "t").Fill(new(fields, "p", 0)));
    }

    private static IReadOnlyList<ChoicePrompt> Prompts(string keys, string? inside = null)
    {
        using var folder = new TemporaryFolder();
        inside ??= folder.Path;
        File.WriteAllText(Path.Combine(inside, "a.jsonl"), Document);
        var prompt = keys.Contains("prompt:", StringComparison.Ordinal) ? "" : "prompt: \"{q}\"\n";
        File.WriteAllText(Path.Combine(inside, "t.yaml"), $"test: a.jsonl\n{prompt}{keys}\n");
        return Assert.Single(ChoicePrompts.Of(TaskFile.Read(Path.Combine(inside, "t.yaml")), new(null))).Prompts;
    }
}

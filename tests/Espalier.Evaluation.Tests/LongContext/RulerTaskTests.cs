using System.Text.RegularExpressions;
using Espalier.Evaluation.LongContext;
using Espalier.Evaluation.LongContext.Materials;
using Espalier.Evaluation.Tasks.Templates;

namespace Espalier.Evaluation.Tests.LongContext;

/// <summary>Questions over long contexts hide what they ask for, and nothing that is as good.</summary>
public sealed partial class RulerTaskTests
{
    private static readonly Template s_needle = Template.Parse("The number of {name} is {value}.", "");

    private static readonly Template s_wording = Template.Parse("Look:\n{context}\nWhich of {names}?", "");

    [Theory]
    [InlineData("Noise", 1, 1, 1, 12)]
    [InlineData("Essay", 4, 1, 1, 300)]
    [InlineData("Essay", 1, 4, 1, 300)]
    [InlineData("Essay", 4, 1, 4, 300)]
    [InlineData("Essay", 1, 1, 1, 1)]
    [InlineData("Needles", 1, 1, 1, 30)]
    public void Needles_are_hidden_whole_and_once(string haystack, int names, int values, int asked, int size)
    {
        var task = new NeedleTask(s_wording, s_needle,
            new(Enum.Parse<Haystack>(haystack), names, NeedlePart.Words, values, NeedlePart.Numbers, asked), Noise.Words(Noise.Line, ""));
        var depths = new HashSet<int>();
        for (var seed = 0; seed < 60; seed++)
        {
            var question = task.Make(0, new((uint)seed), size);
            Assert.Equal(asked * values, question.References.Count);
            Assert.Equal(question.Prompt, task.Make(0, new((uint)seed), size).Prompt);
            var needles = Needle().Matches(question.Prompt);
            Assert.Equal(names * values + (haystack == "Needles" ? size : 0), needles.Count);
            var asks = question.Prompt[(question.Prompt.LastIndexOf("Which of ", StringComparison.Ordinal) + 9)..^1];
            foreach (var reference in question.References)
            {
                var needle = Assert.Single(needles, match => match.Groups[2].Value == reference);
                Assert.Contains(needle.Groups[1].Value, asks, StringComparison.Ordinal);
                depths.Add(10 * needle.Index / question.Prompt.Length);
            }
            Assert.Equal(asked, Name().Count(asks));
        }
        Assert.True(size < 2 || depths.Count > 6, $"needles are in {depths.Count} tenths of the text");
    }

    [Fact]
    public void What_is_asked_is_the_same_at_every_length()
    {
        var task = new NeedleTask(s_wording, s_needle, new(Haystack.Needles, 4, NeedlePart.Uuids, 1, NeedlePart.Uuids, 2), []);
        Assert.Equal(task.Make(0, new(3), 10).References, task.Make(0, new(3), 200).References);
        Assert.NotEqual(task.Make(0, new(3), 10).References, task.Make(0, new(4), 10).References);
        Assert.All(task.Make(0, new(3), 10).References, value => Assert.Matches(
            "^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$", value));
    }

    [Theory]
    [InlineData(1, 4, 0)]
    [InlineData(1, 4, 3)]
    [InlineData(1, 4, 50)]
    [InlineData(3, 2, 50)]
    public void The_variables_that_are_asked_for_are_those_that_get_the_value(int chains, int hops, int size)
    {
        var task = new VariableTask(Template.Parse("{context}\nWhich have {value}? {count} have {value}:", ""), chains, hops, 5);
        for (var seed = 0; seed < 40; seed++)
        {
            var question = task.Make(0, new((uint)seed), size);
            var parts = question.Prompt.Split("\n\n");
            Assert.Equal(2, parts.Length);
            Assert.Equal(string.Join(' ', Holders(parts[0])), parts[0].Split(": ")[^1]);
            Assert.Equal(question.References, Holders(parts[1]));
            Assert.Equal(hops + 1, question.References.Count);
            Assert.Equal(chains * (hops + 1), Assignment().Count(parts[1]));
        }

        // Runs the program.
        static List<string> Holders(string part)
        {
            var values = new Dictionary<string, string>();
            foreach (Match match in Assignment().Matches(part))
                values[match.Groups[1].Value] = match.Groups[3].Success ? match.Groups[3].Value : values[match.Groups[2].Value];
            var asked = Regex.Match(part, "Which have ([0-9]+)").Groups[1].Value;
            return [.. values.Where(entry => entry.Value == asked).Select(entry => entry.Key)];
        }
    }

    [Theory]
    [InlineData(1024, 30, 6, 1)]
    [InlineData(4096, 60, 30, 3)]
    public void Common_words_stand_there_more_often_than_all_others(int length, int size, int common, int others)
    {
        var question = new CommonWordsTask(Template.Parse("{context}\nThe {count} are:", ""), 10, length).Make(0, new(7), size);
        var lists = question.Prompt.Split('\n');
        var counts = Count(lists[2]);
        Assert.Equal(size, counts.Count);
        Assert.All(counts, word => Assert.Equal(question.References.Contains(word.Key) ? common : others, word.Value));
        Assert.Equal(10, question.References.Count);
        var example = Count(lists[0]).OrderByDescending(word => word.Value).Take(10).Select(word => word.Key).Order();
        Assert.Equal(Count(lists[1]["The 10 are:".Length..]).Keys.Order(), example);
        Assert.All(counts.Keys, word => Assert.Equal(6, word.Length));
        Assert.StartsWith("1. ", lists[2], StringComparison.Ordinal);

        static Dictionary<string, int> Count(string list) =>
            list.Split(' ', StringSplitOptions.RemoveEmptyEntries).Where(word => !word.EndsWith('.')).CountBy(word => word).ToDictionary();
    }

    [Theory]
    [InlineData(2.0, 512)]
    [InlineData(2.0, 8192)]
    [InlineData(1.5, 4096)]
    public void The_three_words_after_the_dots_are_the_most_frequent_ones(double alpha, int length)
    {
        var task = new FrequentWordsTask(Template.Parse("{context}", ""), alpha, length);
        foreach (var size in new[] { task.Least, task.Least + 7, 3 * task.Least, 5000 })
        {
            var question = task.Make(0, new(9), size);
            var counts = question.Prompt.Split(' ').CountBy(word => word).OrderByDescending(word => word.Value).ToArray();
            Assert.Equal("...", counts[0].Key);
            Assert.Equal((int)(size / FrequentWordsTask.Zeta(alpha)), counts[0].Value);
            Assert.Equal(question.References.Order(), counts[1..4].Select(word => word.Key).Order());
            Assert.True(counts.Length == 4 || counts[3].Value > counts[4].Value);
        }
    }

    [Fact]
    public void Zeta_is_riemanns()
    {
        Assert.Equal(Math.PI * Math.PI / 6, FrequentWordsTask.Zeta(2), 12);
        Assert.Equal(2.612375348685488, FrequentWordsTask.Zeta(1.5), 12);
    }

    [Fact]
    public void Documents_that_answer_are_among_others()
    {
        DocumentQuestion[] questions = [.. Enumerable.Range(0, 6).Select(i =>
            new DocumentQuestion($"q{i}", [$"a{i}", "b"], [$"text {i}", "shared"]))];
        var task = new DocumentsTask(Template.Parse("{context}\n{question}", ""), questions);
        var question = task.Make(3, new(1), 2);
        Assert.Equal(["a3", "b"], question.References);
        Assert.Equal(7, task.Most);
        var documents = question.Prompt.Split("\n\n");
        Assert.Equal(4, documents.Length);
        Assert.Single(documents, text => text.Contains(":\ntext 3", StringComparison.Ordinal));
        Assert.Contains(":\nshared", question.Prompt, StringComparison.Ordinal);
        Assert.StartsWith("Document 1:\n", question.Prompt, StringComparison.Ordinal);
        Assert.Equal(7, task.Make(3, new(1), 99).Prompt.Split("Document ").Length - 1);
    }

    [Theory]
    [InlineData("They are ABC and def.", new[] { "abc", "DEF", "ghi", "jkl" }, false, 0.5)]
    [InlineData("They are ABC and def.", new[] { "abc", "x" }, true, 1)]
    [InlineData("none", new[] { "abc", "x" }, true, 0)]
    [InlineData("", new[] { "abc" }, false, 0)]
    [InlineData("12\t34", new[] { "12\t34" }, false, 0)]
    public void What_an_answer_contains_counts(string answer, string[] references, bool anyCounts, double expected) =>
        Assert.Equal(expected, RulerScore.Of(answer, references, anyCounts));

    [Fact]
    public void Sentences_end_where_they_end_and_a_short_text_begins_again()
    {
        var words = Noise.Words("One two.  \"Three four?\" Five\nsix", "x");
        Assert.Equal(["One two.", "\"Three four?\"", "Five six One two.", "\"Three"], Noise.Sentences(words, 9));
        Assert.Contains("x: has no words", Assert.Throws<EspalierException>(() => Noise.Words(" \n", "x")).Message);
    }

    [GeneratedRegex(@"The number of ([a-z]{6}-[a-z]{6}) is ([0-9]{7})\.")]
    private static partial Regex Needle();

    [GeneratedRegex("[a-z]{6}-[a-z]{6}")]
    private static partial Regex Name();

    [GeneratedRegex(@"VAR ([A-Z]+) = (?:VAR ([A-Z]+)|([0-9]{5}))")]
    private static partial Regex Assignment();
}

using Espalier.Evaluation.Retrieval;
using Espalier.Models.Tokenizers;
using Espalier.Tests;

namespace Espalier.Evaluation.Tests.Retrieval;

/// <summary>Questions are laid out as ChatRAG-Bench lays them out.</summary>
public sealed class RagPromptTests
{
    private static readonly RagLayout s_layout = new("System: S.", "Do it.", IsBeforeFirst: true, Turns: 7);

    private static readonly Passage[] s_passages = [new("1", "T", "One."), new("2", "", "Two.")];

    [Fact]
    public void System_passages_and_turns_stand_an_empty_line_apart()
    {
        ChatTurn[] turns = [new(true, "Q1"), new(false, "A1"), new(true, "Q2")];
        Assert.Equal(
            "System: S.\n\ntitle: T, source: One.\n\ntitle: , source: Two.\n\nUser: Do it. Q1\n\nAssistant: A1\n\nUser: Q2\n\nAssistant:",
            RagPrompt.Of(s_layout, turns, s_passages).Text);
        Assert.Equal("System: S.\n\nUser: Q1\n\nAssistant: A1\n\nUser: Do it. Q2\n\nAssistant:",
            RagPrompt.Of(s_layout with { IsBeforeFirst = false }, turns, []).Text);
        Assert.Equal("User: Q1\n\nAssistant:", RagPrompt.Of(new("", "", true, 7), turns[..1], []).Text);
    }

    [Fact]
    public void The_last_turns_are_shown_and_the_instruction_stands_before_the_first_of_the_users()
    {
        ChatTurn[] turns = [.. Enumerable.Range(1, 5).SelectMany(i => new ChatTurn[] { new(true, $"Q{i}"), new(false, $"A{i}") }),
            new(true, "Q6")];
        Assert.StartsWith("System: S.\n\nUser: Do it. Q3\n\nAssistant: A3\n\n", RagPrompt.Of(s_layout, turns, []).Text,
            StringComparison.Ordinal);
        Assert.StartsWith("System: S.\n\nAssistant: A5\n\nUser: Do it. Q6", RagPrompt.Of(s_layout with { Turns = 2 }, turns, []).Text,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Passages_lose_their_end_and_nothing_else_does()
    {
        var tokenizer = Tokenizer.Load(Path.Combine(Fixtures.Root, "models", "quickstart-teacher"));
        var prompt = RagPrompt.Of(s_layout, [new(true, "Where did the dog go?")],
            [new("1", "A dog", string.Concat(Enumerable.Repeat("The dog went to the park. ", 40))), new("2", "", "A cat slept.")]);
        var tokens = tokenizer.Encode(prompt.Text).Length;
        Assert.Equal((prompt, 0), prompt.Within(tokenizer, tokens));
        foreach (var most in new[] { tokens - 1, 200, 100, 60 })
        {
            var (cut, lost) = prompt.Within(tokenizer, most);
            Assert.InRange(tokenizer.Encode(cut.Text).Length, most - 3, most);
            Assert.InRange(lost, tokens - most, tokens - most + 3);
            Assert.StartsWith(cut.Context, prompt.Context, StringComparison.Ordinal);
            Assert.Equal((prompt.System, prompt.Conversation), (cut.System, cut.Conversation));
        }
        var strange = prompt with { Context = "title: 塔, source: 犬は走る🐕🐕 — ½ \uFFFD ends" };
        for (var most = tokenizer.Encode(strange.Text).Length; most > 0; most--)
            Assert.StartsWith(strange.Within(tokenizer, most).Prompt.Context, strange.Context, StringComparison.Ordinal);
        var (bare, _) = prompt.Within(tokenizer, 5);
        Assert.Equal("System: S.\n\nUser: Do it. Where did the dog go?\n\nAssistant:", bare.Text);
    }
}

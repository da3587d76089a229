using Espalier.Models.Chat;
using Espalier.Models.Checkpoints;
using Espalier.Models.Generation;
using Espalier.Models.Generation.Packed;
using Espalier.Models.Generation.Rows;
using Espalier.Models.Tokenizers;
using Espalier.Tests;

namespace Espalier.Models.Tests.Chat;

/// <summary>
/// A conversation with the bundled teacher: what stays between turns, what ends an answer, and what goes when there is no room.
/// </summary>
public sealed class ChatSessionTests : TorchTest
{
    private readonly Checkpoint _model = Checkpoint.Open(Path.Combine(Fixtures.Root, "models", "quickstart-teacher"));
    private readonly PackedWeights _weights;
    private readonly Tokenizer _tokenizer;

    public ChatSessionTests()
    {
        _weights = PackedWeights.Load(_model, WeightFormat.BFloat16);
        _tokenizer = Tokenizer.Load(_model.Folder);
    }

    [Fact]
    public void Logits_after_kept_keys_and_values_are_those_of_the_whole_text()
    {
        int[] first = [.. Enumerable.Range(100, 40)], second = [.. first[..25], .. Enumerable.Range(300, 21)];
        using KeptSequence kept = new(_weights, 64), whole = new(_weights, 64);
        kept.Begin(first, default, out var reused);
        Assert.Equal(0, reused);
        var logits = kept.Begin(second, default, out reused).ToArray();
        Assert.Equal((25, 46), (reused, kept.Count));
        var expected = whole.Begin(second, default, out _).ToArray();
        for (var id = 0; id < expected.Length; id++)
            Assert.Equal(expected[id], logits[id], 1e-3);
        // The same text once more: its last id is taken in again.
        var again = kept.Begin(second, default, out reused).ToArray();
        Assert.Equal(45, reused);
        for (var id = 0; id < expected.Length; id++)
            Assert.Equal(expected[id], again[id], 1e-3);
    }

    [Fact]
    public void A_second_turn_computes_what_is_new_alone_and_says_all_that_was_said()
    {
        using var session = Session(256, 12);
        session.System = "Be kind.";
        var said = "";
        var first = session.Ask("Hello there", piece => said += piece, default);
        Assert.Equal((0, 12, "max-tokens"), (first.ReusedTokens, first.Tokens, first.StoppedBy));
        Assert.Equal(["system", "user", "assistant"], session.Messages.Select(message => message.Role));
        Assert.Equal(said, (string)session.Messages[2].Fields["content"]!);
        var second = session.Ask("And then?", _ => { }, default);
        Assert.InRange(second.ReusedTokens, first.PromptTokens, second.PromptTokens - 1);
        session.Reset();
        Assert.Equal(["system"], session.Messages.Select(message => message.Role));
        Assert.Equal(first.PromptTokens, session.Ask("Hello there", _ => { }, default).PromptTokens);
    }

    [Fact]
    public void A_stop_string_ends_an_answer_and_is_no_part_of_it()
    {
        using var whole = Session(256, 24);
        var text = "";
        whole.Ask("Hello there", piece => text += piece, default);
        var stop = text[8..11];
        using var session = Session(256, 24, stop);
        var said = "";
        Assert.Equal("stop", session.Ask("Hello there", piece => said += piece, default).StoppedBy);
        Assert.Equal(text[..text.IndexOf(stop, StringComparison.Ordinal)], said);
    }

    [Fact]
    public void Where_there_is_no_room_the_oldest_turns_go_and_a_message_that_never_fits_is_refused()
    {
        using var session = Session(96, 16);
        session.System = "Be kind.";
        var answers = Enumerable.Range(0, 5).Select(turn => session.Ask($"This is message {turn}", _ => { }, default)).ToArray();
        Assert.Contains(answers, answer => answer.DroppedMessages > 0);
        Assert.All(answers, answer => Assert.InRange(answer.PromptTokens + answer.Tokens, 1, 97));
        Assert.Equal("system", session.Messages[0].Role);
        Assert.Equal("user", session.Messages[1].Role);
        Assert.Equal("This is message 4", (string)session.Messages[^2].Fields["content"]!);
        var before = session.Messages.Count;
        Assert.Contains("shorten it", Assert.Throws<EspalierException>(() =>
            session.Ask(string.Concat(Enumerable.Repeat("many words ", 90)), _ => { }, default)).Message);
        Assert.Equal(before, session.Messages.Count);
    }

    [Fact]
    public void An_interrupted_answer_stays_as_far_as_it_came()
    {
        using var session = Session(256, 40);
        using var stop = new CancellationTokenSource();
        var said = "";
        var answer = session.Ask("Hello there", piece =>
        {
            said += piece;
            if (said.Length > 5)
                stop.Cancel();
        }, stop.Token);
        Assert.Equal("interrupted", answer.StoppedBy);
        Assert.InRange(answer.Tokens, 1, 39);
        Assert.Equal(said, (string)session.Messages[^1].Fields["content"]!);
        Assert.True(session.Ask("Go on", _ => { }, default).ReusedTokens > 0);
    }

    public override void Dispose()
    {
        _weights.Dispose();
        _model.Dispose();
        base.Dispose();
    }

    private ChatSession Session(int context, int maxTokens, params string[] stops) =>
        new(_weights, _tokenizer, ChatTemplate.Load(_model.Folder), new HashSet<int>(), context)
        {
            MaxTokens = maxTokens,
            Sampling = new(),
            Stops = stops,
        };
}

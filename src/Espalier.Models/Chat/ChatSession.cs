using System.Text;
using Espalier.Models.Generation;
using Espalier.Models.Generation.Packed;
using Espalier.Models.Generation.Sampling;
using Espalier.Models.Tokenizers;

namespace Espalier.Models.Chat;

/// <summary>What an answer took.</summary>
/// <param name="PromptTokens">Tokens of the conversation up to it.</param>
/// <param name="ReusedTokens">Those whose keys and values were there from the turn before.</param>
/// <param name="Tokens">Tokens of the answer, one that ends it included.</param>
/// <param name="StoppedBy">eos, stop (a stop string), max-tokens, context (it is full) or interrupted.</param>
/// <param name="DroppedMessages">Messages that were left out to make room, the oldest first.</param>
internal sealed record ChatAnswer(int PromptTokens, int ReusedTokens, int Tokens, string StoppedBy, int DroppedMessages);

/// <summary>
/// A conversation with a model through its chat template. Where the model's positions do not hold all of it, the oldest turns are left
/// out. Keys and values of what turns have in common stay. Not for several threads. Dispose it.
/// </summary>
/// <param name="weights">The weights, which stay the caller's.</param>
/// <param name="tokenizer">The model's tokenizer.</param>
/// <param name="template">Its chat template.</param>
/// <param name="ends">Ids that end an answer.</param>
/// <param name="context">Most tokens of the conversation, answers included.</param>
internal sealed class ChatSession(
    PackedWeights weights, Tokenizer tokenizer, ChatTemplate template, IReadOnlySet<int> ends, int context) : IDisposable
{
    // Of the context so much is kept free for an answer, unless it is to be shorter.
    private const int ShareOfAnAnswer = 4;

    private readonly KeptSequence _kept = new(weights, context);
    private readonly List<ChatMessage> _messages = [];
    private int _answers;

    /// <summary>The conversation as the model was last asked: without what was left out, with the system's message.</summary>
    public IReadOnlyList<ChatMessage> Messages => System is { } text ? [ChatMessage.System(text), .. _messages] : _messages;

    /// <summary>What the system says before the conversation; null for nothing.</summary>
    public string? System { get; set; }

    /// <summary>Most tokens of an answer.</summary>
    public int MaxTokens { get; init; } = 1024;

    /// <summary>How ids are chosen; each answer has a seed of its own.</summary>
    public SamplingOptions Sampling { get; init; } = new() { Temperature = 1 };

    /// <summary>Strings that end an answer, and are no part of it.</summary>
    public IReadOnlyList<string> Stops { get; init; } = [];

    /// <summary>Forgets the conversation; the system's message stays.</summary>
    public void Reset() => _messages.Clear();

    /// <summary>Asks and answers. The answer becomes part of the conversation, also one that was interrupted.</summary>
    /// <param name="text">What the user says.</param>
    /// <param name="say">Receives the answer piece by piece.</param>
    /// <param name="stop">Interrupts the answer.</param>
    /// <exception cref="EspalierException">
    /// The message alone does not fit, or the template refuses it; the conversation is as it was.
    /// </exception>
    public ChatAnswer Ask(string text, Action<string> say, CancellationToken stop)
    {
        List<ChatMessage> messages = [.. _messages, ChatMessage.User(text)];
        var (ids, dropped) = Fit(messages);
        var options = Sampling with { Seed = unchecked(Sampling.Seed + _answers++) & int.MaxValue };
        options.Validate();
        _messages.Clear();
        _messages.AddRange(messages);
        var (answer, pieces, ending) = (new StringBuilder(), tokenizer.CreateDecodeStream(skipSpecialTokens: true), new StopText(Stops));
        var (tokens, reused, by) = (0, 0, "interrupted");
        try
        {
            var choice = new Choice(options, ids);
            var next = choice.Of(_kept.Begin(ids, stop, out reused));
            while (true)
            {
                tokens++;
                if (ends.Contains(next))
                    by = "eos";
                else
                    Say(ending.Append(pieces.Append(next)));
                if (by == "eos" || ending.Met is not null || tokens == MaxTokens || _kept.Count == context)
                    break;
                stop.ThrowIfCancellationRequested();
                next = choice.Of(_kept.Next(next));
            }
            by = by == "eos" ? by : ending.Met is not null ? "stop" : tokens == MaxTokens ? "max-tokens" : "context";
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
        }
        Say(ending.Append(pieces.Finish()));
        Say(ending.Finish());
        // Interrupted before a word was said: the message was not asked.
        if (tokens == 0)
            _messages.RemoveAt(_messages.Count - 1);
        else
            _messages.Add(ChatMessage.Assistant(answer.ToString()));
        return new(ids.Length, reused, tokens, by, dropped);

        void Say(string piece)
        {
            if (piece.Length == 0)
                return;
            answer.Append(piece);
            say(piece);
        }
    }

    public void Dispose() => _kept.Dispose();

    // Leaves the oldest turns out until there is room for an answer.
    private (int[] Ids, int Dropped) Fit(List<ChatMessage> messages)
    {
        var room = context - Math.Min(MaxTokens, context / ShareOfAnAnswer);
        for (var dropped = 0; ;)
        {
            var ids = template.Encode(tokenizer, System is { } text ? [ChatMessage.System(text), .. messages] : messages,
                new() { AddGenerationPrompt = true });
            tokenizer.RequireRows(ids, weights.Config.VocabularySize, "the message");
            if (ids.Length <= room)
                return (ids, dropped);
            if (messages.Count == 1)
                return ids.Length < context ? (ids, dropped) : throw new EspalierException(
                    $"with the template the message has {ids.Length} tokens, but the context has {context}: shorten it");
            // A turn ends before the next message of the user.
            do
            {
                messages.RemoveAt(0);
                dropped++;
            }
            while (messages.Count > 1 && messages[0].Role != "user");
        }
    }
}

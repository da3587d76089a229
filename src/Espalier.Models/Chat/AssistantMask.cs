using System.Text;
using Espalier.Models.Tokenizers;

namespace Espalier.Models.Chat;

/// <summary>A conversation for training: the ids, and which of them the assistant wrote.</summary>
/// <param name="Text">The rendered conversation.</param>
/// <param name="Ids">Its ids, BOS included where the template writes it.</param>
/// <param name="IsAssistant">For each id whether the assistant wrote it: the loss counts those.</param>
internal sealed record AssistantMask(string Text, int[] Ids, bool[] IsAssistant)
{
    /// <summary>
    /// Renders a conversation and marks what the assistant wrote: by <c>{% generation %}</c> where the template has it, with each token
    /// that has a character of it, as transformers does (<c>return_assistant_tokens_mask</c>); else by the difference of rendered
    /// beginnings (<see cref="AssistantTurns"/>), with the tokens that lie in it whole, so that none has a character of somebody else.
    /// </summary>
    /// <param name="template">The model's template.</param>
    /// <param name="tokenizer">The model's tokenizer.</param>
    /// <param name="messages">The conversation.</param>
    /// <param name="options">How it is rendered; without a prompt for a further answer.</param>
    /// <param name="asked">How many of the first messages are only asked with: answers among them are not marked.</param>
    /// <exception cref="EspalierException">
    /// The template refuses the conversation, the places of answers cannot be known, or the tokenizer changes letters before it cuts.
    /// </exception>
    public static AssistantMask Of(ChatTemplate template, Tokenizer tokenizer, IReadOnlyList<ChatMessage> messages, ChatOptions options,
        int asked = 0)
    {
        if (options.AddGenerationPrompt || options.ContinueFinalMessage)
            throw new EspalierException(
                $"{template.Place}: a conversation to train on must end with its last message, without a generation prompt");
        var rendering = template.Render(messages, options);
        if (rendering.HasLostGeneration)
            throw new EspalierException(
                $"{template.Place}: {{% generation %}} is inside a macro or a block whose output is captured, so its place "
                + "in the conversation is not known; move it out");
        var isMarked = rendering.Generated.Count > 0;
        var answers = messages.Count(static message => message.Role == "assistant");
        if (isMarked && asked > 0 && rendering.Generated.Count != answers)
            throw new EspalierException(
                $"{template.Place}: {{% generation %}} marks {rendering.Generated.Count} places in a conversation with "
                + $"{answers} answers, so the last one's place is not known: give the template one for each answer");
        var skipped = messages.Take(asked).Count(static message => message.Role == "assistant");
        var spans = (isMarked ? rendering.Generated : new AssistantTurns(template, messages, options).Places(rendering.Text, asked))
            .Skip(isMarked ? skipped : 0);

        var ids = tokenizer.Encode(rendering.Text, addSpecialTokens: false);
        var places = TokenPlaces.Of(tokenizer, rendering.Text, ids) ?? throw new EspalierException(
            $"{template.Place}: the tokenizer normalizes the text before splitting it, so the assistant's tokens cannot be located");
        var isAssistant = new bool[ids.Length];
        foreach (var (first, last) in spans)
        {
            var start = Encoding.UTF8.GetByteCount(rendering.Text.AsSpan(0, first));
            var end = start + Encoding.UTF8.GetByteCount(rendering.Text.AsSpan(first, last - first));
            for (var i = 0; i < ids.Length; i++)
                isAssistant[i] |= isMarked ? places[i].Start < end && places[i].End > start
                    : places[i].Start >= start && places[i].End <= end && places[i].End > places[i].Start;
        }
        return new(rendering.Text, ids, isAssistant);
    }
}

using Espalier.Compression.Data.Records;
using Espalier.Models.Chat;
using Espalier.Models.Tokenizers;

namespace Espalier.Compression.Alignment.Reading;

/// <summary>A conversation as tokens.</summary>
/// <param name="Text">The text, as the template writes it.</param>
/// <param name="Ids">Its ids, BOS included where the template or tokenizer writes one.</param>
/// <param name="Counts">For each id whether its prediction counts in the loss; never the first.</param>
internal sealed record EncodedConversation(string Text, int[] Ids, bool[] Counts)
{
    /// <summary>How many count.</summary>
    public int Counted => Counts.AsSpan().Count(true);
}

/// <summary>Writes conversations as the model's chat template has them, and marks what the assistant wrote.</summary>
/// <param name="rows">Rows of the model's embedding table; ids from there on are refused.</param>
/// <param name="template">
/// The template; null where there is none: a prompt and its completion then stand one after the other, EOS last.
/// </param>
/// <param name="folder">The model's folder, for messages.</param>
internal sealed class ConversationEncoder(Tokenizer tokenizer, int rows, ChatTemplate? template, string folder)
{
    /// <summary>The tokens of a conversation; null where it was skipped.</summary>
    /// <exception cref="EspalierException">
    /// A conversation that needs a template where there is none, or an id that the model has no row for.
    /// </exception>
    public EncodedConversation? Encode(Conversation conversation, string origin, SkipCounts skips)
    {
        var encoded = template is null ? Plain(conversation, origin) : Written(origin, skips, () =>
            Of(AssistantMask.Of(template, tokenizer, conversation.Messages, Options(conversation), conversation.Asked)));
        if (encoded is null)
            return null;
        tokenizer.RequireRows(encoded.Ids, rows, origin);
        // The first id of a window has nothing before it, or another conversation.
        if (encoded.Counts.Length > 0)
            encoded.Counts[0] = false;
        if (encoded.Counted > 0)
            return encoded;
        skips.Add(SkipReason.NoAnswer, () => $"{origin} has no token written by the assistant");
        return null;
    }

    /// <summary>The ids of a question, up to where its answer begins.</summary>
    /// <inheritdoc cref="Encode"/>
    public int[]? Prompt(Conversation conversation, string origin, SkipCounts skips)
    {
        var ids = template is null ? tokenizer.Encode(PlainText(conversation, origin).Prompt) : Written(origin, skips, () =>
            template.Encode(tokenizer, conversation.Messages, Options(conversation) with { AddGenerationPrompt = true }));
        if (ids is null)
            return null;
        tokenizer.RequireRows(ids, rows, origin);
        if (ids.Length > 0)
            return ids;
        skips.Add(SkipReason.NoAnswer, () => $"{origin} asks nothing");
        return null;
    }

    // What the template makes of a conversation; null where it refuses it, which is counted.
    private static T? Written<T>(string origin, SkipCounts skips, Func<T> write) where T : class
    {
        try
        {
            return write();
        }
        catch (EspalierException error)
        {
            skips.Add(SkipReason.RefusedByTemplate, () => $"{origin}: {error.Message}");
            return null;
        }
    }

    private static ChatOptions Options(Conversation conversation) => new() { Tools = conversation.Tools, Time = TemplateDay.Instance };

    private static EncodedConversation Of(AssistantMask mask) => new(mask.Text, mask.Ids, mask.IsAssistant);

    private (string Prompt, string Completion) PlainText(Conversation conversation, string origin) => conversation.IsPlain
        ? (Content(conversation.Messages[0]), conversation.Messages.Count > 1 ? Content(conversation.Messages[1]) : "")
        : throw new EspalierException(
            $"{origin}: has turns, but {folder} has no chat template to render them: give one with --chat-template FILE "
                + $"(chat-template: FILE in a recipe), or data of prompt and completion");

    private EncodedConversation Plain(Conversation conversation, string origin)
    {
        var (prompt, completion) = PlainText(conversation, origin);
        var text = prompt + completion;
        var ids = new List<int>();
        tokenizer.Encode(text, ids);
        var first = tokenizer.Model.AddsBos && ids.Count > 0 && ids[0] == tokenizer.BosId ? 1 : 0;
        var places = TokenPlaces.Of(tokenizer, text, ids.Skip(first).ToArray()) ?? throw new EspalierException(
            $"{folder}: the tokenizer normalizes the text before splitting it, or adds more than a BOS, so the completion's "
                + "tokens cannot be located");
        var begin = System.Text.Encoding.UTF8.GetByteCount(prompt);
        var counts = new List<bool>(Enumerable.Repeat(false, first));
        counts.AddRange(places.Select(place => place.Start >= begin && place.End > place.Start));
        if (tokenizer.EosId is { } eos && (ids.Count == 0 || ids[^1] != eos))
        {
            ids.Add(eos);
            counts.Add(true);
        }
        return new(text, [.. ids], [.. counts]);
    }

    private static string Content(ChatMessage message) => (string?)message.Fields["content"] ?? "";
}

using Espalier.Models.Tokenizers;

namespace Espalier.Evaluation.Retrieval;

/// <summary>What stands around the passages and the conversation.</summary>
/// <param name="System">The first line; empty for none.</param>
/// <param name="Instruction">Stands before one of the user's turns; empty for none.</param>
/// <param name="IsBeforeFirst">Whether that is the first turn of the user's that is shown, else the last.</param>
/// <param name="Turns">Most turns that are shown: the last ones.</param>
internal sealed record RagLayout(string System, string Instruction, bool IsBeforeFirst, int Turns)
{
    /// <summary>The turns that ChatRAG-Bench shows (scripts/dataset.py).</summary>
    public const int UsualTurns = 7;

    /// <summary>What stands first where a task says nothing; our words, in the form that ChatQA's models are trained on.</summary>
    public const string UsualSystem =
        "System: A user asks an assistant. The assistant answers from the context below, and says so where the answer is not in it.";

    /// <summary>What stands before the first question where a task says nothing.</summary>
    public const string UsualInstruction = "Answer this question in whole sentences.";
}

/// <summary>
/// A question with its passages as ChatRAG-Bench lays it out (scripts/dataset.py): the system's line, each passage as title and source, the
/// last turns of the conversation after the name of who speaks, and the assistant's name; an empty line between all of them.
/// </summary>
/// <param name="System">The first line; may be empty.</param>
/// <param name="Context">The passages; may be empty.</param>
/// <param name="Conversation">The turns, up to where the model goes on.</param>
internal sealed record RagPrompt(string System, string Context, string Conversation)
{
    /// <summary>Lays a question out.</summary>
    /// <param name="turns">The conversation, which a turn of the user's ends.</param>
    /// <param name="passages">The passages, the best first.</param>
    public static RagPrompt Of(RagLayout layout, IReadOnlyList<ChatTurn> turns, IEnumerable<Passage> passages)
    {
        ChatTurn[] shown = [.. turns.TakeLast(layout.Turns)];
        var asked = layout.IsBeforeFirst ? Array.FindIndex(shown, static turn => turn.IsUser) : shown.Length - 1;
        var said = shown.Select((turn, i) => (turn.IsUser ? "User: " : "Assistant: ")
            + (i == asked && layout.Instruction.Length > 0 ? $"{layout.Instruction} " : "") + turn.Text);
        return new(
            layout.System,
            string.Join("\n\n", passages.Select(passage => $"title: {passage.Title}, source: {passage.Text}")),
            string.Join("\n\n", said) + "\n\nAssistant:");
    }

    /// <summary>All of it.</summary>
    public string Text => string.Join("\n\n", ((string[])[System, Context, Conversation]).Where(part => part.Length > 0));

    /// <summary>
    /// The same in so many tokens: passages lose their end, the last ones first, as in ChatRAG-Bench. What is too long without any passage
    /// stays too long.
    /// </summary>
    /// <returns>The prompt, and how many tokens of its passages were cut.</returns>
    public (RagPrompt Prompt, int Cut) Within(Tokenizer tokenizer, int most)
    {
        var (prompt, cut) = (this, 0);
        // A text that is cut and encoded again may have a token more than it had: then once more, and always shorter.
        while (prompt.Context.Length > 0 && tokenizer.Encode(prompt.Text).Length is var tokens && tokens > most)
        {
            var ids = tokenizer.Encode(prompt.Context, addSpecialTokens: false);
            var left = Math.Max(0, ids.Length - (tokens - most));
            // A character of several tokens may be cut amid them.
            var kept = tokenizer.Decode(ids.AsSpan(0, left)).TrimEnd('\uFFFD');
            prompt = prompt with { Context = kept.Length < prompt.Context.Length ? kept : prompt.Context[..^1] };
            cut += ids.Length - left;
        }
        return (prompt, cut);
    }
}

using Espalier.Models.Chat;

namespace Espalier.Cli.Commands.Answering;

/// <summary>What <c>chat --json</c> prints at the end.</summary>
/// <param name="Messages">The conversation, with role and content: what the model was last asked and answered.</param>
/// <param name="Answers">What each answer took.</param>
/// <param name="Weights">float32, bf16 or int8: what the matrices were kept in.</param>
internal sealed record ChatReport(IReadOnlyList<JsonObject> Messages, IReadOnlyList<ChatAnswerReport> Answers, string Weights);

/// <summary>What an answer took.</summary>
/// <param name="PromptTokens">Tokens of the conversation up to it.</param>
/// <param name="ReusedTokens">Those whose keys and values were there from the turn before.</param>
/// <param name="Tokens">Tokens of the answer.</param>
/// <param name="StoppedBy">eos, stop, max-tokens, context or interrupted.</param>
/// <param name="DroppedMessages">Messages that were left out to make room.</param>
internal sealed record ChatAnswerReport(int PromptTokens, int ReusedTokens, int Tokens, string StoppedBy, int DroppedMessages)
{
    internal static ChatAnswerReport Of(ChatAnswer answer) => new(
        answer.PromptTokens, answer.ReusedTokens, answer.Tokens, answer.StoppedBy, answer.DroppedMessages);
}

/// <summary>What <c>/save</c> writes: a line that <c>align</c> reads.</summary>
internal sealed record SavedConversation(IReadOnlyList<JsonObject> Messages);

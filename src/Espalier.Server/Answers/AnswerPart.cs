using Espalier.Models.Serving;
using Espalier.Server.Tools;

namespace Espalier.Server.Answers;

/// <summary>A piece of an answer as it is written.</summary>
/// <param name="Index">Which answer of its request.</param>
/// <param name="Text">The text that is certain now, often empty.</param>
/// <param name="Calls">Calls that are whole now.</param>
/// <param name="Token">The id that was chosen, where its probability was asked for; null at the end.</param>
/// <param name="Finish">Why the answer ended; null before.</param>
/// <param name="Failure">What went wrong, where something did.</param>
/// <param name="Thoughts">What the model thought before it answers, where that is told apart; often empty.</param>
internal sealed record AnswerPart(
    int Index, string Text, IReadOnlyList<ToolCall> Calls, ServedToken? Token = null, FinishReason? Finish = null,
    Exception? Failure = null, string Thoughts = "");

/// <summary>Why an answer ended.</summary>
internal enum FinishReason
{
    /// <summary>The model ended it, or a text that ends it came.</summary>
    Stop,

    /// <summary>It is as long as it may be.</summary>
    Length,

    /// <summary>It ends with calls.</summary>
    ToolCalls,

    /// <summary>Whoever asked has left.</summary>
    Cancelled,

    /// <summary>The server is ending.</summary>
    ShutDown,

    /// <summary>It cannot go on.</summary>
    Failed,
}

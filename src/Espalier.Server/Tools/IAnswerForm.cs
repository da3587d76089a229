namespace Espalier.Server.Tools;

/// <summary>What takes an answer that comes in pieces apart. Not for several threads.</summary>
internal interface IAnswerForm
{
    /// <summary>Whether there was a call.</summary>
    bool HasCalls { get; }

    /// <summary>Whether the last call ends before its arguments do.</summary>
    bool EndsCut { get; }

    /// <summary>The calls that are whole since this was last asked.</summary>
    IReadOnlyList<ToolCall> TakeCalls();

    /// <summary>Takes the next piece and returns the text that is now certain to be nothing else.</summary>
    string Append(string piece);

    /// <summary>Ends the answer: what is nothing else after all is text.</summary>
    /// <param name="isCut">Whether it ended for its length.</param>
    string Finish(bool isCut = false);
}

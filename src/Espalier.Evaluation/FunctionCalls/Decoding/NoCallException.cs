namespace Espalier.Evaluation.FunctionCalls.Decoding;

/// <summary>A text has no calls, and why; it never leaves <see cref="CallDecoder"/>.</summary>
internal sealed class NoCallException(string message) : Exception(message)
{
    /// <summary>Deepest tree of an answer's syntax, so that walks never exhaust the stack.</summary>
    public const int MaxDepth = 1000;

    /// <summary>The error of a deeper one.</summary>
    public static NoCallException TooDeep() => new($"is nested more than {MaxDepth} deep");
}

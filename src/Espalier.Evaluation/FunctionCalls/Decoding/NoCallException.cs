namespace Espalier.Evaluation.FunctionCalls.Decoding;

/// <summary>A text has no calls, and why; it never leaves <see cref="CallDecoder"/>.</summary>
internal sealed class NoCallException(string message) : Exception(message);

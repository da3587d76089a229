namespace Espalier;

/// <summary>
/// A model's loss, logits or hidden states are not finite, or too many steps of its training in a row. Exit code 1: a search that compares
/// models goes on without this one.
/// </summary>
internal sealed class NotFiniteException : EspalierException
{
    /// <summary>Creates the error.</summary>
    public NotFiniteException(string message, Exception? inner = null) : base(message, inner) => ExitCode = 1;
}

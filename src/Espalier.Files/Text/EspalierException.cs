namespace Espalier;

/// <summary>
/// A problem that the user can fix: a bad file, a wrong option, a shape that does not fit. The message names the file, the
/// field, both numbers and the fix; the program prints it as one line and exits with <see cref="ExitCode"/>.
/// </summary>
public class EspalierException : Exception
{
    /// <summary>
    /// Creates an error about input or usage (exit code 2). Line breaks and control characters of names and values are kept out of the
    /// message.
    /// </summary>
    public EspalierException(string message, Exception? inner = null) : base(OneLine.Of(message), inner)
    {
    }

    /// <summary>2 for wrong usage or input (the default), 1 if the work itself failed.</summary>
    public int ExitCode { get; init; } = 2;
}

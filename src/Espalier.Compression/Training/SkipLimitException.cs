namespace Espalier.Compression.Training;

/// <summary>A training ended because too many steps in a row had a loss or gradient that is not finite. Exit code 1.</summary>
internal sealed class SkipLimitException : EspalierException
{
    /// <summary>Creates the error.</summary>
    public SkipLimitException(string message) : base(message) => ExitCode = 1;
}

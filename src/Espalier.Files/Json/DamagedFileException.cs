namespace Espalier.Files;

/// <summary>
/// A file of the run folder is not what was written: missing, cut, changed. Unlike a newer format, it may be passed over for an older
/// intact one.
/// </summary>
internal sealed class DamagedFileException : EspalierException
{
    /// <summary>Creates the error; the message names the file and what is wrong with it.</summary>
    public DamagedFileException(string message, Exception? inner = null) : base(message, inner)
    {
    }
}

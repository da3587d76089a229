namespace Espalier.Pipeline.Runs;

/// <summary>Work that may come to nothing, where that is an answer: whoever depends on the work itself hears what is wrong.</summary>
internal static class Perhaps
{
    /// <summary>What comes of it; nothing (null, false) where it is refused.</summary>
    public static T? Of<T>(Func<T> work)
    {
        try
        {
            return work();
        }
        catch (EspalierException)
        {
            return default;
        }
    }

    /// <summary>
    /// What is read; nothing where it cannot be, or is not what it should be. For what nobody vouches for and nothing is decided by:
    /// damaged, it costs a number in a table.
    /// </summary>
    public static T? Read<T>(Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception error) when (error is EspalierException or IOException or UnauthorizedAccessException or InvalidOperationException
            or FormatException)
        {
            return default;
        }
    }
}

namespace Espalier.Files;

/// <summary>What the system says of itself in <c>/proc</c> and <c>/sys</c>.</summary>
internal static class SystemFile
{
    /// <summary>The text; empty where there is no such file or it may not be read, which every reader takes for "not said".</summary>
    public static string Text(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }
}

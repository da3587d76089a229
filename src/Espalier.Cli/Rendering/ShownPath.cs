namespace Espalier.Cli.Rendering;

/// <summary>A path as a person reads it, whichever way the program holds it; <c>--json</c> has it as it is.</summary>
internal static class ShownPath
{
    /// <summary>From the working directory where it lies below that and is shorter so; else the path itself.</summary>
    internal static string Of(string path)
    {
        var below = Path.GetRelativePath(Environment.CurrentDirectory, path);
        return Path.IsPathRooted(below) || below == "." || below.StartsWith("..", StringComparison.Ordinal) || below.Length >= path.Length
            ? path
            // What begins with a dash would be taken for an option where it is pasted.
            : below.StartsWith('-') ? $".{Path.DirectorySeparatorChar}{below}" : below;
    }
}

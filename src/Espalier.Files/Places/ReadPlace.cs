namespace Espalier.Files;

/// <summary>A file or folder that a command reads, and that nothing may be written over.</summary>
/// <param name="Name">What it is, for messages: <c>the model's folder</c>.</param>
/// <param name="Path">Where it lies. Nothing need be there.</param>
internal sealed record ReadPlace(string Name, string Path)
{
    /// <summary>Whether a pattern found it, and nobody named it: then a run leaves out what it wrote itself.</summary>
    public bool IsFound { get; init; }
}

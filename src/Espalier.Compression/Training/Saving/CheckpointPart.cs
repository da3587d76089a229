namespace Espalier.Compression.Training.Saving;

/// <summary>One file of a checkpoint, to be written.</summary>
/// <param name="Name">Plain file name.</param>
/// <param name="Write">
/// Writes the content. Called once, for <see cref="BackgroundSaver"/> on another thread: it must then read a snapshot that
/// training no longer touches.
/// </param>
internal sealed record CheckpointPart(string Name, Action<Stream> Write)
{
    /// <summary>A file with these bytes.</summary>
    public static CheckpointPart FromBytes(string name, ReadOnlyMemory<byte> bytes) => new(name, stream => stream.Write(bytes.Span));
}

namespace Espalier.Files;

/// <summary>
/// Room on a disk for as long as it is open. The file has no name from the moment it is there, so that whatever ends the process, kill -9
/// too, gives the
/// room back. Where the system keeps names of open files, disposing deletes it.
/// </summary>
internal sealed class ScratchFile : IDisposable
{
    private readonly IFileLayer _layer;
    private readonly string _path;
    private bool _isNamed = true;

    /// <summary>Makes the file in a folder that exists.</summary>
    /// <param name="name">What it is, should it be seen.</param>
    /// <exception cref="IOException">The disk refused.</exception>
    public ScratchFile(string folder, string name)
    {
        _layer = DurableFiles.OnDisk.Layer;
        _path = Leftovers.NameFor(Path.Combine(folder, name));
        Stream = _layer.OpenLog(_path);
        try
        {
            if (!OperatingSystem.IsWindows())
                Unlink();
        }
        catch
        {
            Stream.Dispose();
            throw;
        }
    }

    /// <summary>Reads and writes, without a buffer.</summary>
    public Stream Stream { get; }

    public void Dispose()
    {
        Stream.Dispose();
        if (_isNamed)
            Unlink();
    }

    private void Unlink()
    {
        _layer.DeleteFile(_path);
        _isNamed = false;
    }
}

namespace Espalier.Files;

/// <summary>
/// A file on its way: written under a temporary name beside its place, which it takes when it is whole and on the disk. Disposed before
/// that, nothing of
/// it stays. It is open until it has its name: the system's lock on it says that somebody is at work here.
/// </summary>
internal sealed class UnfinishedFile : IDisposable
{
    internal const int BufferSize = 1 << 16;

    private readonly DurableFiles _files;
    private readonly string _path, _temporary;
    private readonly Stream _file;
    private readonly HashingStream _hashing;
    private readonly BufferedStream _buffered;
    private bool _isPublished;

    /// <param name="path">Its place, a full path; the folder must exist.</param>
    /// <param name="temporary">Where it is until then.</param>
    public UnfinishedFile(DurableFiles files, string path, string temporary)
    {
        (_files, _path, _temporary) = (files, path, temporary);
        _file = files.Layer.CreateFile(temporary);
        _hashing = new HashingStream(_file, ContentHasher.Sha256());
        // Never disposed: that would write what is left in the buffer after an error, and hide the error.
        _buffered = new BufferedStream(_hashing, BufferSize);
    }

    /// <summary>Takes the content.</summary>
    public Stream Stream => _buffered;

    /// <summary>All that was written is on the disk when this returns: its size and hash, under the name of the file's place.</summary>
    public FileFact Flush()
    {
        _buffered.Flush();
        _files.Layer.Sync(_file);
        return new(Path.GetFileName(_path), _hashing.Length, _hashing.Digits());
    }

    /// <summary>Gives the file, which was flushed, its name; that survives a power loss once this returns.</summary>
    /// <param name="replace">Whether a file or link of that name is replaced; otherwise the name must be free.</param>
    public void Publish(bool replace = true)
    {
        if (replace)
            _files.Layer.Rename(_temporary, _path);
        else
            _files.Layer.RenameNew(_temporary, _path);
        _isPublished = true;
        _files.Layer.SyncFolder(Path.GetDirectoryName(_path)!);
    }

    public void Dispose()
    {
        _hashing.Dispose();
        _file.Dispose();
        if (!_isPublished)
            _files.TryDelete(_temporary);
    }
}

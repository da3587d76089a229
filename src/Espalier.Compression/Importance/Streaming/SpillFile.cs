using Espalier.Compression.Runs;
using Espalier.Files;

namespace Espalier.Compression.Importance.Streaming;

/// <summary>
/// Room on the disk for what does not fit in memory: slots of equal size. The file has no name from the moment it is open, so that whatever ends the process, kill -9 too,
/// gives the room back. Where the system keeps names of open files, disposing deletes it.
/// </summary>
internal sealed class SpillFile : IDisposable
{
    private readonly IFileLayer _layer;
    private readonly string _path;
    private readonly Stream _file;
    private readonly int _slotBytes;
    private bool _named = true;

    /// <summary>Makes the file in a folder that exists.</summary>
    /// <exception cref="EspalierException">The folder has not room for all slots, or cannot be written.</exception>
    public SpillFile(IFileLayer layer, string folder, int slotBytes, long slots)
    {
        (_layer, _slotBytes) = (layer, slotBytes);
        DiskSpace.Require(folder, checked(slotBytes * slots), "residual streams that do not fit in memory");
        _path = Leftovers.NameFor(Path.Combine(folder, "residual-streams"));
        try
        {
            _file = layer.OpenLog(_path);
            if (!OperatingSystem.IsWindows())
                Unlink();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            _file?.Dispose();
            throw Failed(error);
        }
    }

    /// <summary>Fills a slot; <paramref name="bytes"/> is as long as one.</summary>
    public void Write(long slot, ReadOnlySpan<byte> bytes)
    {
        try
        {
            _file.Position = slot * _slotBytes;
            _file.Write(bytes);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw Failed(error);
        }
    }

    /// <summary>Reads a slot that was written.</summary>
    public void Read(long slot, Span<byte> bytes)
    {
        try
        {
            _file.Position = slot * _slotBytes;
            _file.ReadExactly(bytes);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw Failed(error);
        }
    }

    public void Dispose()
    {
        _file.Dispose();
        if (_named)
            Unlink();
    }

    private void Unlink()
    {
        _layer.DeleteFile(_path);
        _named = false;
    }

    private EspalierException Failed(Exception error) =>
        new($"{Path.GetDirectoryName(_path)}: residual streams that do not fit in memory could not be kept here: {error.Message}; "
            + "free some room, choose another folder, or score fewer or shorter samples", error)
        { ExitCode = 1 };
}

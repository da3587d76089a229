namespace Espalier.Compression.Importance.Streaming;

/// <summary>
/// Room on the disk for what does not fit in memory: slots of equal size in a <see cref="ScratchFile"/>, which whatever ends the process
/// gives back.
/// </summary>
internal sealed class SpillFile : IDisposable
{
    private readonly string _folder;
    private readonly ScratchFile _scratch;
    private readonly int _slotBytes;

    /// <summary>Makes the file in a folder that exists.</summary>
    /// <exception cref="EspalierException">The folder has not room for all slots, or cannot be written.</exception>
    public SpillFile(string folder, int slotBytes, long slots)
    {
        (_folder, _slotBytes) = (Path.GetFullPath(folder), slotBytes);
        DiskSpace.Require(folder, checked(slotBytes * slots), "residual streams that do not fit in memory");
        _scratch = Guard(() => new ScratchFile(_folder, "residual-streams"));
    }

    /// <summary>Fills a slot; <paramref name="bytes"/> is as long as one.</summary>
    public void Write(long slot, ReadOnlyMemory<byte> bytes) => Guard(() => At(slot).Write(bytes.Span));

    /// <summary>Reads a slot that was written.</summary>
    public void Read(long slot, Memory<byte> bytes) => Guard(() => At(slot).ReadExactly(bytes.Span));

    public void Dispose() => _scratch.Dispose();

    private Stream At(long slot)
    {
        _scratch.Stream.Position = slot * _slotBytes;
        return _scratch.Stream;
    }

    private void Guard(Action act) => Guard(() =>
    {
        act();
        return true;
    });

    private T Guard<T>(Func<T> act)
    {
        try
        {
            return act();
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new EspalierException(
                $"{_folder}: residual streams that do not fit in memory could not be kept here: {error.Message}; "
                + "free some space, choose another folder, or score fewer or shorter samples", error)
            { ExitCode = 1 };
        }
    }
}

using System.Security.Cryptography;

namespace Espalier.Files;

/// <summary>
/// A file of lines that work is written down in as it is done: whoever is killed at any place goes on after the last whole line. Each line
/// is a hash and what was appended (without line breaks); what a power loss or a bad disk left of one is cut off with all that follows it.
/// One process at a time has it: the lock is the system's and ends with the process. Not for several threads.
/// </summary>
internal sealed class Journal : IDisposable
{
    // What .NET puts into HResult when the lock is taken: errno EWOULDBLOCK on Linux, a Windows code there.
    private const int WouldBlock = 11, SharingViolation = unchecked((int)0x80070020);

    private const int HashDigits = 16, PieceBytes = 1 << 16;

    /// <summary>No line of ours is longer: more without a line break is no journal, and is not read into memory.</summary>
    internal const int LongestLine = 64 << 20;

    private readonly DurableFiles _files = DurableFiles.OnDisk;
    private readonly string _path;
    private readonly Stream _stream;
    private readonly List<(long At, int Length)> _lines = [];
    private long _end;

    private Journal(string path, Stream stream) => (_path, _stream) = (path, stream);

    /// <summary>Lines that are there.</summary>
    public int Count => _lines.Count;

    /// <summary>Opens a journal, or begins one.</summary>
    /// <param name="path">The file; its folder must exist.</param>
    /// <exception cref="EspalierException">Another process has it, it is no journal, or the disk refused.</exception>
    public static Journal Open(string path)
    {
        path = Path.GetFullPath(path);
        return DurableOutput.Guard(path, () =>
        {
            var journal = new Journal(path, Lock(path));
            try
            {
                journal.Recover();
                return journal;
            }
            catch
            {
                journal.Dispose();
                throw;
            }
        });
    }

    /// <summary>What was appended as the line of a number, from 0.</summary>
    /// <exception cref="EspalierException">The disk refused, or gives something else than was written.</exception>
    public byte[] Read(int line) => DurableOutput.Guard(_path, () =>
    {
        var (at, length) = _lines[line];
        var bytes = new byte[length];
        _stream.Position = at;
        _stream.ReadExactly(bytes);
        return Content(bytes)
            ?? throw new EspalierException($"{_path}, line {line + 1}: differs from what was written; start again") { ExitCode = 1 };
    });

    /// <summary>Adds a line; it is in the system's hands when this returns, so that a killed process loses none.</summary>
    /// <param name="line">No line breaks.</param>
    /// <exception cref="EspalierException">The disk refused; a torn line is cut off at the next start.</exception>
    public void Append(ReadOnlySpan<byte> line)
    {
        byte[] bytes = [.. HashOf(line), (byte)' ', .. line, (byte)'\n'];
        ArgumentOutOfRangeException.ThrowIfGreaterThan(bytes.Length, LongestLine, nameof(line));
        DurableOutput.Guard(_path, () =>
        {
            _stream.Position = _end;
            _stream.Write(bytes);
        });
        _lines.Add((_end, bytes.Length - 1));
        _end += bytes.Length;
    }

    /// <summary>Makes all lines survive a power loss.</summary>
    /// <exception cref="EspalierException">The disk refused.</exception>
    public void Sync() => DurableOutput.Guard(_path, () => _files.Layer.Sync(_stream));

    /// <summary>Deletes the file, which is needed no more; nothing but <see cref="Dispose"/> may follow.</summary>
    /// <exception cref="EspalierException">The disk refused.</exception>
    public void Delete() => DurableOutput.Guard(_path, () => _files.DeleteFile(_path));

    /// <summary>Closes the file and gives the lock back.</summary>
    public void Dispose() => _stream.Dispose();

    private static Stream Lock(string path)
    {
        var files = DurableFiles.OnDisk;
        while (true)
        {
            var isNew = !File.Exists(path);
            Stream? stream = null;
            try
            {
                stream = files.Layer.OpenLog(path);
                // .NET's own lock is a shared one, and an environment variable switches it off.
                if (stream is FileStream file && OperatingSystem.IsLinux() && !LibC.TryLock(file.SafeFileHandle))
                    throw Taken(path);
                // Whoever had it may have deleted it meanwhile: a lock on a file without a name keeps nobody out.
                if (stream is FileStream named && OperatingSystem.IsLinux()
                    && (LibC.Identity(path) is not { } entry || LibC.Identity(named.SafeFileHandle)?.IsSame(entry) != true))
                {
                    stream.Dispose();
                    continue;
                }
                if (isNew)
                    files.Layer.SyncFolder(Path.GetDirectoryName(path)!);
                return stream;
            }
            catch (IOException error) when (error.HResult is WouldBlock or SharingViolation)
            {
                stream?.Dispose();
                throw Taken(path);
            }
            catch
            {
                stream?.Dispose();
                throw;
            }
        }
    }

    private static EspalierException Taken(string path) => new($"{path}: another process is writing it; wait for it, or name another file");

    // The whole lines from the front; what follows them is cut off.
    private void Recover()
    {
        var (line, piece, position) = (new MemoryStream(), new byte[PieceBytes], 0L);
        _stream.Position = 0;
        for (int read; (read = _stream.Read(piece)) > 0; position += read)
            for (var rest = piece.AsSpan(0, read); rest.Length > 0;)
            {
                var end = rest.IndexOf((byte)'\n');
                var part = end < 0 ? rest : rest[..end];
                if (line.Length + part.Length > LongestLine)
                {
                    CutOff();
                    return;
                }
                line.Write(part);
                if (end < 0)
                    break;
                rest = rest[(end + 1)..];
                if (Content(line.GetBuffer().AsSpan(0, (int)line.Length)) is null)
                {
                    CutOff();
                    return;
                }
                _lines.Add((_end, (int)line.Length));
                _end += line.Length + 1;
                line.SetLength(0);
            }
        CutOff();
    }

    private void CutOff()
    {
        if (_end == 0 && _stream.Length > 0 && !IsTorn())
            throw new EspalierException(
                $"{_path}: is a file that this program did not write, or its first line is damaged; move it away, or name another file");
        if (_stream.Length > _end)
            _stream.SetLength(_end);
    }

    // Without one whole line: the beginning of a first one, which has no end, or the zeros that a power loss leaves. Anything else is
    // somebody's, or more than one line of ours that a disk damaged, and is not thrown away.
    private bool IsTorn()
    {
        var (piece, head, ends, hasOther) = (new byte[PieceBytes], Array.Empty<byte>(), false, false);
        _stream.Position = 0;
        for (int read; !(ends && hasOther) && (read = _stream.Read(piece)) > 0;)
        {
            if (head.Length == 0)
                head = piece[..Math.Min(read, HashDigits + 1)];
            ends |= piece.AsSpan(0, read).Contains((byte)'\n');
            hasOther |= piece.AsSpan(0, read).ContainsAnyExcept((byte)0);
        }
        return !hasOther || !ends && _stream.Length <= LongestLine
            && head.Take(HashDigits).All(letter => char.IsAsciiHexDigitLower((char)letter))
            && (head.Length <= HashDigits || head[^1] == ' ');
    }

    private static byte[]? Content(ReadOnlySpan<byte> line) =>
        line.Length > HashDigits && line[HashDigits] == ' ' && line[..HashDigits].SequenceEqual(HashOf(line[(HashDigits + 1)..]))
            ? line[(HashDigits + 1)..].ToArray() : null;

    private static byte[] HashOf(ReadOnlySpan<byte> content) =>
        [.. Convert.ToHexStringLower(SHA256.HashData(content)).Take(HashDigits).Select(digit => (byte)digit)];
}

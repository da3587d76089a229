using Espalier.Files;

namespace Espalier.Tests;

/// <summary>How the n-th act on the disk goes wrong.</summary>
public enum Fault
{
    /// <summary>The process dies before it; half of a write arrives.</summary>
    Kill,

    /// <summary>The machine dies before it; names are on the disk, data that was not flushed is cut in half.</summary>
    PowerLossOfData,

    /// <summary>The machine dies before it; neither names nor data that were not flushed are on the disk.</summary>
    PowerLossOfNames,

    /// <summary>It alone fails, with an I/O error.</summary>
    Error,

    /// <summary>From it on nothing can be written or created, as on a full disk; deleting works.</summary>
    Full,
}

/// <summary>The process is dead: whatever the code does afterwards does nothing.</summary>
public sealed class DiedException : Exception;

/// <summary>The real disk, until the act number <paramref name="failAt"/> (from 0), which goes wrong.</summary>
internal sealed class FaultyLayer(int failAt, Fault fault) : IFileLayer
{
    private readonly DiskLayer _disk = new();
    // A training writes its log while the save before it is still being written.
    private readonly Lock _gate = new();
    private readonly HashSet<string> _unflushed = [];
    private readonly List<(string[] Folders, Action Undo)> _names = [];
    private bool _dead;

    /// <summary>All acts so far, in words: <c>rename step-1.tmp step-1</c>.</summary>
    public List<string> Acts { get; } = [];

    public void CreateFolder(string path)
    {
        using var one = _gate.EnterScope();
        Act("create-folder", path, Kind.Grow);
        var isNew = !Directory.Exists(path);
        _disk.CreateFolder(path);
        if (isNew)
            Name(() => Directory.Delete(path, recursive: true), path);
    }

    public string CreateScratchFolder(string prefix)
    {
        using var one = _gate.EnterScope();
        Act("create-scratch", prefix, Kind.Grow);
        return _disk.CreateScratchFolder(prefix);
    }

    public Stream CreateFile(string path)
    {
        using var one = _gate.EnterScope();
        Act("create", path, Kind.Grow);
        var stream = _disk.CreateFile(path);
        _unflushed.Add(path);
        Name(() => File.Delete(path), path);
        return new FaultyStream(this, stream, path);
    }

    public Stream OpenLog(string path)
    {
        using var one = _gate.EnterScope();
        Act("open-log", path, Kind.Grow);
        var isNew = !File.Exists(path);
        var stream = _disk.OpenLog(path);
        if (isNew)
            Name(() => File.Delete(path), path);
        return new FaultyStream(this, stream, path);
    }

    public void Sync(Stream stream)
    {
        using var one = _gate.EnterScope();
        var file = (FaultyStream)stream;
        Act("sync", file.Path, Kind.Grow);
        _disk.Sync(file.Inner);
        _unflushed.Remove(file.Path);
    }

    public void SyncFile(string path)
    {
        using var one = _gate.EnterScope();
        Act("sync", path, Kind.Grow);
        _disk.SyncFile(path);
        _unflushed.Remove(path);
    }

    public void SyncFolder(string path)
    {
        using var one = _gate.EnterScope();
        Act("sync-folder", path, Kind.Grow);
        _disk.SyncFolder(path);
        _names.RemoveAll(name => name.Folders.Contains(path));
    }

    public void Rename(string from, string to) => Rename(from, to, replace: true);

    public void RenameNew(string from, string to) => Rename(from, to, replace: false);

    private void Rename(string from, string to, bool replace)
    {
        using var one = _gate.EnterScope();
        Act($"rename {Path.GetFileName(from)}", to, Kind.Grow);
        var replaced = File.Exists(to) ? File.ReadAllBytes(to) : null;
        if (replace)
            _disk.Rename(from, to);
        else
            _disk.RenameNew(from, to);
        foreach (var path in _unflushed.Where(path => path == from || path.StartsWith(from + "/", StringComparison.Ordinal)).ToArray())
        {
            _unflushed.Remove(path);
            _unflushed.Add(to + path[from.Length..]);
        }
        Name(() =>
        {
            _disk.Rename(to, from);
            if (replaced is not null)
                File.WriteAllBytes(to, replaced);
        }, to, from);
    }

    public void DeleteFile(string path)
    {
        using var one = _gate.EnterScope();
        Act("delete", path, Kind.Delete);
        var bytes = File.ReadAllBytes(path);
        _disk.DeleteFile(path);
        _unflushed.Remove(path);
        Name(() => File.WriteAllBytes(path, bytes), path);
    }

    public void DeleteFolder(string path)
    {
        using var one = _gate.EnterScope();
        Act("delete-folder", path, Kind.Delete);
        _disk.DeleteFolder(path);
        Name(() => Directory.CreateDirectory(path), path);
    }

    private enum Kind { Grow, Delete }

    private void Name(Action undo, params string[] paths) =>
        _names.Add(([.. paths.Select(path => Path.GetDirectoryName(path)!).Distinct()], undo));

    private void Act(string what, string path, Kind kind, Action? partly = null)
    {
        if (_dead)
            throw new DiedException();
        var number = Acts.Count;
        Acts.Add($"{what} {Path.GetFileName(path)}");
        if (fault == Fault.Full && number >= failAt && kind == Kind.Grow)
        {
            partly?.Invoke();
            throw new IOException("No space left on device");
        }
        if (number != failAt || fault == Fault.Full)
            return;
        partly?.Invoke();
        if (fault == Fault.Error)
            throw new IOException("Input/output error");
        Die();
    }

    private void Die()
    {
        _dead = true;
        if (fault is Fault.PowerLossOfData or Fault.PowerLossOfNames)
            foreach (var path in _unflushed.Where(File.Exists))
                using (var file = new FileStream(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
                    file.SetLength(file.Length / 2);
        if (fault == Fault.PowerLossOfNames)
            foreach (var (_, undo) in Enumerable.Reverse(_names))
                undo();
        throw new DiedException();
    }

    private sealed class FaultyStream(FaultyLayer layer, Stream inner, string path) : Stream
    {
        public Stream Inner => inner;
        public string Path => path;
        public override bool CanRead => inner.CanRead;
        public override bool CanSeek => true;
        public override bool CanWrite => true;
        public override long Length => inner.Length;
        public override long Position { get => inner.Position; set => inner.Position = value; }

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            using var one = layer._gate.EnterScope();
            var half = buffer[..(buffer.Length / 2)].ToArray();
            layer.Act("write", path, Kind.Grow, () => inner.Write(half));
            inner.Write(buffer);
            layer._unflushed.Add(path);
        }

        public override void SetLength(long value)
        {
            using var one = layer._gate.EnterScope();
            layer.Act("set-length", path, Kind.Grow);
            inner.SetLength(value);
        }

        public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));
        public override void Flush() => inner.Flush();
        public override int Read(byte[] buffer, int offset, int count) => inner.Read(buffer, offset, count);
        public override long Seek(long offset, SeekOrigin origin) => inner.Seek(offset, origin);

        protected override void Dispose(bool disposing)
        {
            inner.Dispose();
            base.Dispose(disposing);
        }
    }
}

namespace Espalier.Pipeline.Runs.Logs;

/// <summary>
/// Scalars for TensorBoard, one new event file for each start of a stage. The file appears with the first scalar and says first from which
/// step on training goes: TensorBoard drops what it had of that step and later ones, so that a resumed curve has no second branch. A record
/// is in the system's hands when <see cref="Append"/> returns. Nobody resumes from these files: where they cannot be written, one warning
/// is given and training goes on without them.
/// </summary>
/// <param name="folder">Holds the event files; created with the first scalar.</param>
/// <param name="startStep">The first step that this start does.</param>
/// <param name="report">Receives the warning.</param>
/// <param name="time">The clock.</param>
internal sealed class TensorBoardLog(string folder, long startStep, Action<string> report, TimeProvider? time = null) : IDisposable
{
    private const string Prefix = "events.out.tfevents.", Suffix = ".espalier";

    private readonly string _folder = Path.GetFullPath(folder);
    private readonly TimeProvider _time = time ?? TimeProvider.System;
    private readonly DurableFiles _files = DurableFiles.OnDisk;
    private Stream? _file;
    private bool _failed;

    private double WallTime => _time.GetUtcNow().ToUnixTimeMilliseconds() / 1000.0;

    /// <summary>Adds the scalars of one step; a value that is not finite is written as such.</summary>
    public void Append(long step, params ReadOnlySpan<(string Tag, double Value)> values)
    {
        if (_failed)
            return;
        try
        {
            _file ??= Begin();
            _file.Write(EventRecord.Scalars(WallTime, step, values));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            _failed = true;
            report($"{_folder}: TensorBoard's files cannot be written: {error.Message}; training continues without them");
        }
    }

    public void Dispose()
    {
        _file?.Dispose();
        _file = null;
        _failed = true;
    }

    private Stream Begin()
    {
        _files.EnsureFolder(_folder);
        // TensorBoard reads a folder's files in the order of their names. A second start within a second, or after the clock was put back,
        // must come after the first.
        var now = _time.GetUtcNow().ToUnixTimeSeconds();
        foreach (var name in Directory.EnumerateFiles(_folder, Prefix + "*").Select(Path.GetFileName))
            if (long.TryParse(name.AsSpan(Prefix.Length).TrimEnd(Suffix), NumberStyles.None, CultureInfo.InvariantCulture, out var earlier))
                now = Math.Max(now, earlier + 1);
        var file =
            _files.Layer.CreateFile(
                Path.Combine(_folder, string.Create(CultureInfo.InvariantCulture, $"{Prefix}{now:0000000000}{Suffix}")));
        file.Write(EventRecord.Version(WallTime));
        file.Write(EventRecord.Start(WallTime, startStep));
        return file;
    }
}

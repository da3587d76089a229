using System.Buffers;
using System.Security.Cryptography;

namespace Espalier.Pipeline.Runs.Logs;

/// <summary>
/// A log of one JSON object a line, each with its <c>step</c>, which never falls. Numbers are written so that reading them gives the
/// same bits; NaN and the infinities, which JSON lacks, as the strings "NaN", "Infinity" and "-Infinity". A line is in the system's
/// hands when <see cref="Append"/> returns, so that a killed run loses none.
/// </summary>
internal sealed class MetricsLog : IDisposable
{
    private readonly Lock _gate = new();
    private readonly Stream _stream;
    private readonly IFileLayer _layer;
    private readonly ArrayBufferWriter<byte> _line = new(256);
    private readonly IncrementalHash _hash;
    private long _lastStep, _length;

    private MetricsLog(string path, Stream stream, IFileLayer layer, long lastStep, long length, IncrementalHash hash) =>
        (Path, _stream, _layer, _lastStep, _length, _hash) = (path, stream, layer, lastStep, length, hash);

    /// <summary>The step of the last line; that of the checkpoint, or 0, before there is one.</summary>
    public long LastStep => _lastStep;

    /// <summary>Full path of the file.</summary>
    public string Path { get; }

    /// <summary>
    /// Opens a log to go on after a checkpoint: lines of steps after <paramref name="afterStep"/>, and a torn last line, are cut off,
    /// so that the finished file equals that of a run which nothing disturbed. Null empties the log.
    /// </summary>
    /// <param name="path">The file; created where it is missing.</param>
    /// <param name="afterStep">The checkpoint's step.</param>
    /// <param name="stated">What the checkpoint says of the log, found to be so: exactly that stays. Null where it says nothing.</param>
    /// <param name="decides">Whether something is decided by it; where nothing is, a damaged line and what follows it are cut off.</param>
    /// <exception cref="EspalierException">A line in the part that stays is damaged.</exception>
    public static MetricsLog Open(string path, long? afterStep, FileFact? stated = null, bool decides = true)
    {
        path = System.IO.Path.GetFullPath(path);
        var isNew = !File.Exists(path);
        var keep = isNew || afterStep is null ? 0 : stated?.Size
            ?? (decides ? MetricsLines.LengthUpTo(path, afterStep.Value) : MetricsLines.WholeLengthUpTo(path, afterStep.Value));
        var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var layer = DurableFiles.OnDisk.Layer;
        var stream = layer.OpenLog(path);
        try
        {
            if (stream.Length != keep)
                stream.SetLength(keep);
            stream.Position = 0;
            FileBeginning.Append(hash, stream, keep);
            if (isNew)
                layer.SyncFolder(System.IO.Path.GetDirectoryName(path)!);
            return new MetricsLog(path, stream, layer, keep == 0 ? 0 : afterStep ?? 0, keep, hash);
        }
        catch
        {
            hash.Dispose();
            stream.Dispose();
            throw;
        }
    }

    /// <summary>Adds a line: the step, then the fields in the order given.</summary>
    /// <param name="step">Not below the step of the line before.</param>
    /// <param name="fields">Names and values: numbers, texts, or any JSON.</param>
    /// <exception cref="EspalierException">Exit code 1: the disk refused; a torn line is cut off at the next start.</exception>
    public void Append(long step, params ReadOnlySpan<(string Name, JsonNode? Value)> fields)
    {
        lock (_gate)
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(step, _lastStep);
            _line.ResetWrittenCount();
            using (var json = new Utf8JsonWriter(_line))
            {
                json.WriteStartObject();
                json.WriteNumber("step"u8, step);
                foreach (var (name, value) in fields)
                    Write(json, name, value);
                json.WriteEndObject();
            }
            _line.Write("\n"u8);
            try
            {
                _stream.Write(_line.WrittenSpan);
            }
            catch (IOException error)
            {
                throw new EspalierException(
                    $"{Path} could not be written: {error.Message}; check the disk (free some space?) and start again",
                    error)
                { ExitCode = 1 };
            }
            _hash.AppendData(_line.WrittenSpan);
            _length += _line.WrittenCount;
            _lastStep = step;
        }
    }

    /// <summary>Name, length and hash of the log as it is now: what a checkpoint vouches for.</summary>
    public FileFact Fact()
    {
        lock (_gate)
            return new(System.IO.Path.GetFileName(Path), _length, Convert.ToHexStringLower(_hash.GetCurrentHash()));
    }

    /// <summary>Makes all lines survive a power loss; a checkpoint does this before it gets its name.</summary>
    public void Sync()
    {
        lock (_gate)
            _layer.Sync(_stream);
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _stream.Dispose();
            _hash.Dispose();
        }
    }

    private static void Write(Utf8JsonWriter json, string name, JsonNode? value)
    {
        json.WritePropertyName(name);
        if (value is null)
            json.WriteNullValue();
        else if (value is JsonValue number && number.TryGetValue<double>(out var real) && !double.IsFinite(real))
            json.WriteStringValue(NameOf(real));
        else if (value is JsonValue single && single.TryGetValue<float>(out var small) && !float.IsFinite(small))
            json.WriteStringValue(NameOf(small));
        else
            value.WriteTo(json);
    }

    private static string NameOf(double value) => double.IsNaN(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity";
}

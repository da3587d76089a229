namespace Espalier.Compression.Search.Constraints;

/// <summary>
/// Times of single layers and heads on this machine, each measured once and kept in a JSON file under the machine's facts. A candidate's
/// latency is the sum of its parts: layers · layer + embedding and last norm + head of one position.
/// </summary>
internal sealed class LatencyTable
{
    // The first had no hash of its own text: an edited time changed what a search found.
    private const int Version = 2;

    private readonly Func<DecoderConfig, int, bool, LatencyMeasure> _measure;
    private readonly CancellationToken _stop;
    private readonly string? _path;
    private readonly string _machine;
    private readonly Dictionary<string, Dictionary<string, LatencyMeasure>> _machines;

    private LatencyTable(string? path, string machine, Dictionary<string, Dictionary<string, LatencyMeasure>> machines,
        Func<DecoderConfig, int, bool, LatencyMeasure> measure, CancellationToken stop)
    {
        (_path, _machine, _machines, _measure, _stop) = (path, machine, machines, measure, stop);
        machines.TryAdd(machine, []);
    }

    /// <summary>
    /// Opens the table of this machine; one that was changed or is damaged is begun anew, for it only saves time, and so is one of an early
    /// build, which had no hash. A file that is no table at all is somebody else's: it stays as it is, and what is measured is not kept.
    /// </summary>
    /// <param name="path">The file; null keeps nothing.</param>
    /// <param name="stop">Stops between two shapes; what was measured is kept.</param>
    public static LatencyTable Open(string? path, CancellationToken stop = default) =>
        Open(path, MachineName(), LatencyProbe.Measure, stop);

    /// <summary>The same with another machine's name and another way to measure.</summary>
    internal static LatencyTable Open(string? path, string machine, Func<DecoderConfig, int, bool, LatencyMeasure> measure,
        CancellationToken stop = default)
    {
        var isThere = path is not null && Path.Exists(path);
        return new(isThere && !IsTable(path!) ? null : path, machine, isThere ? ReadMachines(path!) : [], measure, stop);
    }

    /// <summary>Seconds of the first pass over a sequence, up to the first new token's logits.</summary>
    public double Prefill(Candidate candidate, int tokens) => Sum(candidate.Shape, tokens, isDecode: false);

    /// <summary>Seconds of one further token after so many.</summary>
    public double Decode(Candidate candidate, int context) => Sum(candidate.Shape, context, isDecode: true);

    /// <summary>How many shapes are in the table for this machine.</summary>
    public int Count => _machines[_machine].Count;

    private double Sum(DecoderConfig shape, int positions, bool isDecode)
    {
        // Of a hybrid each kind by itself: a model of that kind alone.
        var kinds = shape.LayerKinds.Any(kind => kind.IsOfHybrid)
            ? Enumerable.Range(0, shape.Layers).CountBy(layer => shape.LayerKinds[layer])
                .Select(kind => (Shape: shape with { LayerKinds = LayerKinds.All(kind.Key) }, Count: kind.Value)).ToArray()
            : [(Shape: shape, Count: shape.Layers)];
        var measured = Array.ConvertAll(kinds, kind => Measured(kind.Shape, positions, isDecode));
        return kinds.Zip(measured, (kind, one) => kind.Count * one.Layer).Sum() + measured[0].Ends + measured[0].Head;
    }

    private LatencyMeasure Measured(DecoderConfig shape, int positions, bool isDecode)
    {
        var times = _machines[_machine];
        var key = $"{(isDecode ? "decode" : "prefill")} {positions}: {shape.Family}{SizesOf(shape)}";
        if (!times.TryGetValue(key, out var measured))
        {
            _stop.ThrowIfCancellationRequested();
            times[key] = measured = _measure(shape, positions, isDecode);
            Save();
        }
        return measured;
    }

    // All that a layer's time depends on: its axes, and the sizes that are none.
    private static string SizesOf(DecoderConfig shape)
    {
        var axes = Axis.All.Where(axis => axis != Axis.Layers && axis.IsIn(shape)).Select(axis => $" {axis} {axis.Of(shape)}");
        return string.Create(CultureInfo.InvariantCulture,
            $"{string.Concat(axes)}{KindOf(shape)} head_dim {shape.HeadDim} vocabulary {shape.VocabularySize}");
    }

    private static string KindOf(DecoderConfig shape)
    {
        var kind = shape.LayerKinds[0];
        return string.Concat(kind.HasExperts ? $" experts-of-a-token {shape.ExpertsPerToken}" : "",
            kind.HasMamba ? $" mamba {shape.Mamba.Groups} of {shape.Mamba.StateSize}" : "",
            kind.HasDelta ? $" linear {shape.Delta.StateSize}" : "",
            kind.IsHalf ? kind.HasFeedForward ? " feed-forward" : " mixer" : "");
    }

    private void Save()
    {
        if (_path is null)
            return;
        DurableOutput.Guard(_path, () => DurableFiles.OnDisk.EnsureFolder(Path.GetDirectoryName(Path.GetFullPath(_path))!));
        DurableOutput.WriteFile(_path, SealedJson.Bytes(new(Version, _machines), RecordJson.Of<LatencyRecord>()));
    }

    private static bool IsTable(string path)
    {
        try
        {
            return PathKind.Odd(path) is null && File.ReadAllText(path) is var text
                && (text.Length == 0 || text.Contains("\"machines\"", StringComparison.Ordinal));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private static Dictionary<string, Dictionary<string, LatencyMeasure>> ReadMachines(string path)
    {
        try
        {
            var kept = SealedJson.Read(path, RecordJson.Of<LatencyRecord>(), Version);
            var isWhole = kept is { FormatVersion: Version, Machines: { } machines }
                && machines.Values.All(times => times is not null && times.Values.All(time => time is { IsPlausible: true }));
            return isWhole ? kept.Machines : [];
        }
        catch (DamagedFileException)
        {
            return [];
        }
    }

    private static string MachineName()
    {
        var facts = MachineFacts.Detect(TorchRuntime.Threads, new Dictionary<string, string>());
        return string.Create(CultureInfo.InvariantCulture,
            $"{facts.Cpu}, {facts.Cores} cores, {facts.Threads} threads, libtorch {TorchRuntime.Version}");
    }
}

/// <summary><c>latency.json</c>: what was measured, by machine and shape.</summary>
internal sealed record LatencyRecord(int FormatVersion, Dictionary<string, Dictionary<string, LatencyMeasure>> Machines);

/// <summary>Seconds of a shape's parts.</summary>
/// <param name="Layer">One block.</param>
/// <param name="Ends">Embedding and last norm.</param>
/// <param name="Head">The logits of one position.</param>
internal sealed record LatencyMeasure(double Layer, double Ends, double Head)
{
    internal bool IsPlausible => double.IsFinite(Layer + Ends + Head) && Layer > 0 && Ends >= 0 && Head >= 0;
}

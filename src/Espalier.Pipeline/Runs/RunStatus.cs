using System.Diagnostics;
using Espalier.Evaluation.Tasks;
using Espalier.Pipeline.Runs.Folders;
using Espalier.Pipeline.Runs.Logs;
using Espalier.Pipeline.Runs.Results;

namespace Espalier.Pipeline.Runs;

/// <summary>What a run is doing.</summary>
internal enum RunState
{
    /// <summary>A process of this machine works in it.</summary>
    Running,

    /// <summary>Its last start did everything.</summary>
    Done,

    /// <summary>Its last start was stopped or killed; the same command goes on.</summary>
    Interrupted,

    /// <summary>Its last start ended with an error.</summary>
    Failed,

    /// <summary>A process of another machine has written its name into the lock; whether it lives is not known here.</summary>
    Elsewhere,
}

/// <summary>Texts that a teacher wrote.</summary>
internal sealed record WrittenTexts(int Written, int Kept);

/// <summary>
/// A run folder at a glance. Reads only: no lock is taken or tried, so that it disturbs neither a run nor one that is about to start.
/// </summary>
internal sealed record RunStatus
{
    /// <summary>How many of the last steps the rate is the median of.</summary>
    private const int RecentSteps = 15;

    /// <summary>A process that began later than the lock was taken is another one with the same number; clocks are this exact.</summary>
    private static readonly TimeSpan s_slack = TimeSpan.FromSeconds(5);

    public required string Folder { get; init; }

    public required RunState State { get; init; }

    /// <summary>Names of its recipes; empty for a single training.</summary>
    public required IReadOnlyList<string> Recipes { get; init; }

    /// <summary>The process that holds it, or null.</summary>
    public int? Pid { get; init; }

    /// <summary>That process's machine.</summary>
    public string? Host { get; init; }

    /// <summary>Since when it holds it.</summary>
    public DateTimeOffset? Since { get; init; }

    /// <summary>What the last start ended with, where that was an error.</summary>
    public string? Message { get; init; }

    /// <summary>Where it is among the stages to come; null where they were not known beforehand.</summary>
    public RunPosition? Position { get; init; }

    public required int StagesDone { get; init; }

    /// <summary>The stage at work, or where it stopped; null where none is open.</summary>
    public string? Stage { get; init; }

    /// <summary>Steps that the open stage has done; null where it trains nothing.</summary>
    public long? Step { get; init; }

    /// <summary>Steps that it will do.</summary>
    public long? Steps { get; init; }

    /// <summary>Loss of its last step, or of the last training where none is open.</summary>
    public double? Loss { get; init; }

    /// <summary>Seconds of a step, the median of the last ones.</summary>
    public double? SecondsPerStep { get; init; }

    /// <summary>Seconds that its steps took so far, those before a resume among them.</summary>
    public double? StepsSeconds { get; init; }

    /// <summary>Seconds that its steps still take at that rate.</summary>
    public double? RemainingSeconds { get; init; }

    /// <summary>The step of its newest checkpoint.</summary>
    public long? Checkpoint { get; init; }

    /// <summary>
    /// What the models of its only recipe have made of benchmarks so far; null where there is nothing yet, or are several recipes.
    /// </summary>
    public IReadOnlyList<TaskComparison>? Tasks { get; init; }

    /// <summary>Texts that its teacher wrote, and those that were kept; null where no recipe has any yet.</summary>
    public WrittenTexts? Texts { get; init; }

    /// <summary>Its training text, where its tokens are made in pieces; null where they lie on the disk as a whole.</summary>
    public StreamedText? Streamed { get; init; }

    /// <summary>Wall-clock time of all stages.</summary>
    public required double Seconds { get; init; }

    /// <summary>Bytes of the folder.</summary>
    public required long Bytes { get; init; }

    /// <summary>Whether a folder is that of a run.</summary>
    public static bool IsRun(string folder) => File.Exists(Path.Combine(folder, RunManifest.FileName));

    /// <summary>Reads a run folder.</summary>
    /// <exception cref="EspalierException">It is none, or its record is damaged or of a newer format.</exception>
    public static RunStatus Read(string folder)
    {
        var manifest = RunManifest.Load(folder)
            ?? throw new EspalierException(
                $"{folder}: {(Directory.Exists(folder) ? "has no run.json, so it is not a run folder"
                    : File.Exists(folder) ? "is a file" : "does not exist")}; give a run folder, as compress --output names it, or "
                    + "FOLDER.run of a training");
        var owner = RunLock.OwnerOf(folder);
        var open = manifest.Stages.LastOrDefault(stage => stage.Status == StageStatus.Started);
        var state = StateOf(manifest, owner, open is not null);
        // What a changed recipe or text left behind is no stage of a run that is done.
        if (state == RunState.Done)
            open = null;
        var training = (open ?? manifest.Stages.LastOrDefault(stage => stage.Steps is not null)) is { Steps: not null } found ? found
            : null;
        var stage = training is null ? null : RunLayout.StageOf(folder, training.Folder);
        var last = stage is null ? null : Lines(Path.Combine(stage, RunLayout.Metrics), "loss").LastOrDefault();
        var times = stage is null || open is null ? [] : Lines(Path.Combine(stage, RunLayout.Timing), "seconds");
        var seconds = Median([.. times.TakeLast(RecentSteps).Select(line => line.Value)]);
        return new()
        {
            Folder = folder,
            State = state,
            Recipes = manifest.Arms,
            Pid = owner?.Pid,
            Host = owner?.Host,
            Since = owner?.Started,
            Message = manifest.Outcome?.Message,
            Position = manifest.Position,
            StagesDone = manifest.Stages.Count(entry => entry.Status != StageStatus.Started),
            Stage = open?.Name,
            Step = open is null ? null : last?.Step ?? (training is null ? null : 0),
            Steps = open is null ? null : training?.Steps,
            Loss = last?.Value,
            SecondsPerStep = seconds,
            StepsSeconds = seconds is null ? null : times.Sum(line => line.Value),
            RemainingSeconds = seconds is { } each && training?.Steps is { } steps ? Math.Max(0, steps - (last?.Step ?? 0)) * each : null,
            Checkpoint = open is null || stage is null ? null : Checkpoints(stage).DefaultIfEmpty(null).Max(),
            Tasks = Perhaps.Read(() => RunResults.Read(folder) is [var only] ? only.Tasks : null),
            Texts = TextsOf(folder, manifest),
            Streamed = StreamedText.Of(folder, manifest),
            Seconds = manifest.Stages.Sum(entry => entry.Seconds),
            Bytes = SizeOf(new DirectoryInfo(folder)),
        };
    }

    private static WrittenTexts? TextsOf(string folder, RunManifest manifest) => Perhaps.Read(() =>
        manifest.Finished("synthesize") is { } stage && StageRecord.Read(RunLayout.StageOf(folder, stage.Folder))?.Result is { } result
            && (int?)result["written"] is { } written && (int?)result["kept"] is { } kept ? new WrittenTexts(written, kept) : null);

    private static RunState StateOf(RunManifest manifest, RunOwner? owner, bool isOpen)
    {
        if (owner is not null)
            return owner.Host != Environment.MachineName ? RunState.Elsewhere : IsAlive(owner) ? RunState.Running : RunState.Interrupted;
        return manifest.Outcome?.End switch
        {
            RunEnd.Done => RunState.Done,
            RunEnd.Failed => RunState.Failed,
            RunEnd.Interrupted => RunState.Interrupted,
            // Written before a run said how it ended.
            _ => isOpen ? RunState.Interrupted : RunState.Done,
        };
    }

    private static bool IsAlive(RunOwner owner)
    {
        try
        {
            using var process = Process.GetProcessById(owner.Pid);
            return !process.HasExited && process.StartTime.ToUniversalTime() <= owner.Started.UtcDateTime + s_slack;
        }
        catch (Exception error) when (error is ArgumentException or InvalidOperationException or System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }

    /// <summary>A log's numbers of one field. A damaged line ends them: whoever goes on from the log says so.</summary>
    internal static List<LogNumber> Lines(string path, string field)
    {
        var numbers = new List<LogNumber>();
        try
        {
            foreach (var (step, fields) in MetricsLines.Read(path))
                if (fields[field] is JsonValue value && value.TryGetValue<double>(out var number))
                    numbers.Add(new(step, number));
        }
        catch (Exception error) when (error is EspalierException or IOException or UnauthorizedAccessException)
        {
            return numbers;
        }
        return numbers;
    }

    private static IEnumerable<long?> Checkpoints(string stage)
    {
        var folder = Path.Combine(stage, RunLayout.Checkpoints);
        return !Directory.Exists(folder) ? [] : Directory.EnumerateDirectories(folder, "step-*").Select(path =>
            long.TryParse(Path.GetFileName(path).AsSpan(5), NumberStyles.None, CultureInfo.InvariantCulture, out var step) ? (long?)step
                : null);
    }

    private static double? Median(double[] values) => values.Length == 0 ? null : values.Order().ElementAt(values.Length / 2);

    /// <summary>Files come and go while a run goes on; what is gone counts for nothing.</summary>
    private static long SizeOf(DirectoryInfo folder)
    {
        try
        {
            return folder.EnumerateFileSystemInfos().Sum(entry => entry switch
            {
                { LinkTarget: not null } => 0,
                DirectoryInfo inner => SizeOf(inner),
                FileInfo file => LengthOf(file),
                _ => 0,
            });
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return 0;
        }
    }

    private static long LengthOf(FileInfo file)
    {
        try
        {
            return file.Length;
        }
        catch (IOException)
        {
            return 0;
        }
    }

    internal sealed record LogNumber(long Step, double Value);
}

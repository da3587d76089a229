using Espalier.Compression.Training.Saving;
using Espalier.Pipeline.Runs.Folders;
using Espalier.Pipeline.Runs.Results;

namespace Espalier.Pipeline.Runs.Comparison;

/// <summary>Which kinds of file there are to compare, in the order in which a stage makes them.</summary>
internal enum ComparedKind
{
    Metrics,
    Tensors,
    Manifest,
    Bytes,
    Stage,
}

/// <summary>A file of both folders; a path is null where only the other has it.</summary>
internal sealed record ComparedFile(string Name, ComparedKind Kind, string? A, string? B);

/// <summary>
/// Pairs the files of two folders: run folders, stages, checkpoints or models. Left out is what depends on the clock, the place or the
/// number of interruptions. Stages go in the order in which they were done, so that the first difference is the one that the others come
/// from.
/// </summary>
internal static class ComparedFiles
{
    private static readonly string[] s_leftOut = ["run.json", "run.lock", "recipe.yaml", "report.html", RunResults.FileName,
        RunLayout.Timing,
        RunLayout.TensorBoard, "latency.json"];

    public static List<ComparedFile> Of(string a, string b)
    {
        var (filesA, filesB) = (Below(a), Below(b));
        var stages = StageOrder(a).Concat(StageOrder(b)).Distinct().ToList();
        // Checkpoints are for going on alone: which of them there are depends on where a run was stopped. Steps that both have must agree.
        var steps = filesA.Keys.Select(StepOf).Intersect(filesB.Keys.Select(StepOf)).ToHashSet();
        return [.. filesA.Keys.Union(filesB.Keys)
            .Where(name => StepOf(name) is not { } step || steps.Contains(step))
            .Select(name => new ComparedFile(name, KindOf(name), filesA.GetValueOrDefault(name), filesB.GetValueOrDefault(name)))
            .OrderBy(file => Rank(file.Name, stages)).ThenBy(file => file.Kind).ThenBy(file => file.Name, StringComparer.Ordinal)];
    }

    private static ComparedKind KindOf(string name) => Path.GetFileName(name) switch
    {
        RunLayout.Metrics => ComparedKind.Metrics,
        StageRecord.FileName => ComparedKind.Stage,
        CheckpointManifest.FileName when StepOf(name) is not null => ComparedKind.Manifest,
        _ when name.EndsWith(".safetensors", StringComparison.Ordinal) => ComparedKind.Tensors,
        _ => ComparedKind.Bytes,
    };

    /// <summary>
    /// <c>stages/distill-0123/checkpoints/step-8</c> of a file in it; null for a file that is in no checkpoint of a stage.
    /// </summary>
    private static string? StepOf(string name)
    {
        var parts = name.Split('/');
        var at = Array.IndexOf(parts, RunLayout.Checkpoints);
        return at >= 0 && at + 2 < parts.Length ? string.Join('/', parts[..(at + 2)]) : null;
    }

    /// <summary>Files of stages in their order, then what lies beside the stages.</summary>
    private static int Rank(string name, List<string> stages) =>
        name.Split('/') is [RunLayout.Stages, var stage, ..] && stages.IndexOf(stage) is >= 0 and var index ? index : stages.Count;

    private static IEnumerable<string> StageOrder(string folder)
    {
        var stages = Path.Combine(folder, RunLayout.Stages);
        IEnumerable<string> there = Directory.Exists(stages)
            ? Directory.GetDirectories(stages).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal) : [];
        return (RunManifest.Load(folder)?.Stages.Select(stage => stage.Folder) ?? []).Concat(there);
    }

    private static Dictionary<string, string> Below(string folder)
    {
        var files = new Dictionary<string, string>(StringComparer.Ordinal);
        Collect(new DirectoryInfo(folder), "", files);
        return files;
    }

    private static void Collect(DirectoryInfo folder, string prefix, Dictionary<string, string> files)
    {
        foreach (var entry in folder.EnumerateFileSystemInfos())
        {
            if (s_leftOut.Contains(entry.Name) || Leftovers.Is(entry.Name))
                continue;
            if (entry is not DirectoryInfo inner)
                files.Add(prefix + entry.Name, entry.FullName);
            else if (entry.LinkTarget is null)
                Collect(inner, $"{prefix}{entry.Name}/", files);
        }
    }
}

using Espalier.Pipeline.Runs;
using Espalier.Pipeline.Runs.Folders;
using Espalier.Pipeline.Runs.Results;

namespace Espalier.Reports;

/// <summary>The report of a run folder from what lies in it, of a run that goes on too. Reads only, and needs no lock.</summary>
internal static class ReportFolder
{
    /// <summary>Stages that train, whose curves can be drawn before they are done.</summary>
    private static readonly string[] s_training = ["correct", "distill", "pretrain"];

    /// <summary>Writes the report.</summary>
    /// <param name="output">Where to; stays open.</param>
    /// <param name="folder">The run folder.</param>
    /// <exception cref="EspalierException">It is no run folder, or its records are damaged or of a newer format.</exception>
    public static void Write(TextWriter output, string folder)
    {
        var manifest = RunManifest.Load(folder)
            ?? throw new EspalierException($"{folder}: has no run.json; give the folder of a run, as given to compress --output");
        var recipe = Path.Combine(folder, "recipe.yaml");
        ReportWriter.Write(output, Results(folder, manifest), manifest, File.Exists(recipe) && PathKind.Odd(recipe) is null
            ? File.ReadAllText(recipe) : "");
    }

    /// <summary>The arms so far; to one that is not finished come the stages that were begun, with their curves.</summary>
    internal static IReadOnlyList<CompressResult> Results(string folder, RunManifest manifest)
    {
        folder = Path.GetFullPath(folder);
        var arms = RunResults.Read(folder);
        if (arms.Count == 0)
            return manifest.Stages.Count == 0 ? [] : [WithBegun(Nothing(folder, manifest), manifest)];
        return arms[^1].IsFinished ? arms : [.. arms.SkipLast(1), WithBegun(arms[^1], manifest)];
    }

    private static CompressResult Nothing(string folder, RunManifest manifest) => new()
    {
        Arm = "",
        IsFinished = false,
        Output = folder,
        Student = Path.Combine(folder, "student"),
        Gguf = [],
        Rows = [],
        Stages = [.. manifest.Stages.Where(stage => stage.Status != StageStatus.Started).Select(Row)],
        Metrics = new Dictionary<string, string>(),
    };

    internal static CompressResult WithBegun(CompressResult arm, RunManifest manifest)
    {
        var begun = manifest.Stages.Where(stage => stage.Status == StageStatus.Started && arm.Stages.All(row => row.Folder != stage.Folder))
            .ToArray();
        var metrics = new Dictionary<string, string>(arm.Metrics);
        foreach (var stage in begun.Where(stage => s_training.Contains(stage.Name)))
            metrics.TryAdd(metrics.ContainsKey(stage.Name) ? $"{stage.Name} ({stage.Folder})"
                : stage.Name, Path.Combine(RunLayout.StageOf(arm.Output, stage.Folder), RunLayout.Metrics));
        return arm with
        {
            Stages = [.. arm.Stages, .. begun.Select(stage => Row(stage with { Seconds = stage.SecondsIn(arm.Output) }))],
            Metrics = metrics,
        };
    }

    private static StageRow Row(StageEntry stage) => new("", stage.Name, stage.Folder, stage.Seconds, stage.Status == StageStatus.Reused);
}

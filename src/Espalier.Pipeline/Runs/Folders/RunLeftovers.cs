using System.Text.RegularExpressions;
using Espalier.Compression.Data.Pieces;
using Espalier.Pipeline.Runs.Results;

namespace Espalier.Pipeline.Runs.Folders;

/// <summary>
/// What interrupted starts left in a run folder, and nothing else: unfinished forms of the run's own records, what <c>run.json</c>
/// says was being made, and whatever lies half done in the folders of stages. Files of other people may have names like that.
/// </summary>
internal static partial class RunLeftovers
{
    /// <summary>The files that a run itself keeps at the top of its folder.</summary>
    public static IReadOnlyList<string> Records { get; } =
        [RunManifest.FileName, RunLock.FileName, "recipe.yaml", "results.json", "report.html", "latency.json"];

    /// <summary>Clears away. The folder is held.</summary>
    public static void Sweep(string folder, OutputLedger outputs, DurableFiles files)
    {
        foreach (var path in outputs.Unfinished().ToArray())
        {
            ModelCardFile.Rescue(path, StemOf(path), files);
            if (Path.Exists(path))
                files.DeleteTree(path);
            outputs.End(path);
        }
        foreach (var file in new DirectoryInfo(folder).GetFiles().Where(file => file.LinkTarget is null))
            if (Records.Any(record => Leftovers.IsOf(file.Name, record)))
                files.DeleteFile(file.FullName);
        var stages = Path.Combine(folder, RunLayout.Stages);
        if (!Directory.Exists(stages))
            return;
        foreach (var stage in new DirectoryInfo(stages).GetDirectories().Where(entry => entry.LinkTarget is null))
            if (StageName().IsMatch(stage.Name))
                files.CleanLeftovers(stage.FullName, below: true);
            else if (Leftovers.Is(stage.Name) && StageName().IsMatch(StemOf(stage.Name)))
                files.DeleteTree(stage.FullName);
    }

    /// <summary>Deletes pieces of text that streams, also of stages that a changed text or recipe replaced. The folder is held.</summary>
    public static void DeletePieces(string folder, RunManifest manifest)
    {
        foreach (var stage in manifest.Stages)
            PieceSource.DeleteAll(Path.Combine(RunLayout.StageOf(folder, stage.Folder), RunLayout.Pieces));
    }

    /// <summary>The name of which this is the unfinished form.</summary>
    private static string StemOf(string leftover) => leftover[..leftover.LastIndexOf(".tmp", StringComparison.Ordinal)];

    [GeneratedRegex(@"\A[a-z0-9][a-z0-9-]*-[0-9a-f]{12}\z", RegexOptions.CultureInvariant | RegexOptions.NonBacktracking)]
    private static partial Regex StageName();
}

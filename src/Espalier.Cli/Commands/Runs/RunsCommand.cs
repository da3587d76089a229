using System.CommandLine;
using Espalier.Cli.Host;
using Espalier.Cli.Rendering;
using Espalier.Pipeline.Runs;

namespace Espalier.Cli.Commands.Runs;

/// <summary>The run folders below a folder.</summary>
internal sealed class RunsCommand : CommandBase
{
    /// <summary>Runs are looked for so many levels down; a run's own folders are not.</summary>
    private const int Depth = 3;

    private const string DefaultPlace = "runs";

    private readonly Argument<string> _folder = new("folder")
    {
        Description = "Folder to search, including the folders in it",
        HelpName = "FOLDER",
        DefaultValueFactory = _ => DefaultPlace,
    };

    internal RunsCommand() : base(
        "runs",
        "List run folders: what each is doing, its progress, loss, time and size",
        "espalier runs",
        "espalier runs . --json | jq .runs[].state") => Arguments.Add(_folder);

    protected override int Run(CommandRun run)
    {
        var place = run.Get(_folder)!;
        if (!Directory.Exists(place))
            throw new EspalierException(place != DefaultPlace
                ? $"the folder {place} does not exist: give the folder that contains the runs"
                : $"there are no runs here yet: compress creates the folder {place}; or give the folder that contains the runs");
        run.Write(new RunsReport(place, Below(run, place)), Show);
        return ExitCodes.Done;
    }

    /// <summary>The runs that lie in a folder, and a warning of each that cannot be read.</summary>
    internal static List<RunStatus> Below(CommandRun run, string place)
    {
        List<RunStatus> found = [];
        foreach (var path in Below(place, Depth))
            try
            {
                found.Add(RunStatus.Read(path));
            }
            catch (EspalierException damaged)
            {
                run.Progress.Warn(damaged.Message);
            }
        return found;
    }

    private static IEnumerable<string> Below(string folder, int depth)
    {
        if (RunStatus.IsRun(folder))
            return [folder];
        return depth == 0 ? [] : Folders(folder).SelectMany(inner => Below(inner, depth - 1));
    }

    private static string[] Folders(string folder)
    {
        try
        {
            return [.. Directory.EnumerateDirectories(folder).Where(inner => new DirectoryInfo(inner).LinkTarget is null)
                .Order(StringComparer.Ordinal)];
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    internal static void Show(Page page, RunsReport report)
    {
        if (report.Runs.Count == 0)
        {
            page.Line($"there are no runs in {ShownPath.Of(report.Folder)}");
            return;
        }
        var table = new TextTable("run", "state", "recipe", "stage", ">loss", ">time", ">size");
        foreach (var run in report.Runs)
            table.Add(
                ShownPath.Of(run.Folder), StatusCommand.Word(run.State), run.Recipes.Count > 2 ? $"{run.Recipes[0]} and "
                    + $"{run.Recipes.Count - 1} more"
                    : string.Join(", ", run.Recipes), StatusCommand.Place(run),
                StatusCommand.Loss(run), Units.Time(TimeSpan.FromSeconds(run.Seconds)), Units.Bytes(run.Bytes));
        page.Table(table);
    }
}

/// <summary>What <c>runs --json</c> prints.</summary>
internal sealed record RunsReport(string Folder, IReadOnlyList<RunStatus> Runs);

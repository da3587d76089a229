using Espalier.Cli.Commands.Shared.Options;
using Espalier.Cli.Rendering;

namespace Espalier.Cli.Commands.Runs;

/// <summary>
/// The report of a run that goes on, which lies beside the run's folder: that is held. It ends in a seal, and goes once there is a report
/// of the whole run, unless somebody made something else of it.
/// </summary>
internal static class SoFarPage
{
    private static string PlaceOf(string run) => $"{Path.TrimEndingDirectorySeparator(Path.GetFullPath(run))}-so-far.html";

    /// <summary>Writes it.</summary>
    /// <param name="run">The run folder.</param>
    /// <param name="page">The report.</param>
    /// <returns>Where it lies.</returns>
    /// <exception cref="EspalierException">Something that is no page of this program has its name.</exception>
    internal static string Write(string run, string page)
    {
        var file = PlaceOf(run);
        OutputGuard.RequireReplaceable(file, file, OutputKind.Html.Name, OutputKind.Html.Is);
        var bytes = System.Text.Encoding.UTF8.GetBytes(SealedText.Seal(page));
        DurableOutput.WriteFile(file, bytes.Length, stream => stream.Write(bytes));
        return file;
    }

    /// <summary>Takes it away now that the run has a report; one that was changed, or that an early build wrote, is spoken of.</summary>
    internal static void Retire(string run, IProgressReporter progress)
    {
        var file = PlaceOf(run);
        if (SealedText.IsIntact(file))
            DurableFiles.OnDisk.TryDelete(file);
        else if (File.Exists(file))
            progress.Note($"{ShownPath.Of(file)} shows the run while it was still going: delete it if you no longer need it");
    }
}

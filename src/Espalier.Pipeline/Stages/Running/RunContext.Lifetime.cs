using System.Reflection;
using System.Text.RegularExpressions;
using Espalier.Pipeline.Runs;
using Espalier.Pipeline.Runs.Folders;

namespace Espalier.Pipeline.Stages.Running;

/// <summary>How a run folder is opened and closed, and what stays in it.</summary>
internal sealed partial class RunContext
{
    /// <summary>Opens and locks a run folder and writes its manifest, keeping the entries of stages from earlier starts.</summary>
    /// <param name="path">The folder; created.</param>
    /// <param name="recipe">Canonical text of what is run, for its hash.</param>
    /// <param name="seed">The run's seed.</param>
    /// <param name="progress">Where progress goes.</param>
    /// <param name="stop">Cancelled when the run should save and end.</param>
    /// <param name="profile">Whether training measures its steps (<see cref="ProfilesSteps"/>).</param>
    /// <exception cref="EspalierException">Another process holds the folder, or it cannot be written.</exception>
    public static RunContext Open(string path, string recipe, long seed, IProgressReporter progress, CancellationToken stop,
        bool profile = false)
    {
        var folder = RunFolder.Open(path, progress.Warn);
        try
        {
            ContinuedRun.Note(folder.Manifest, progress);
            folder.Save(new RunManifest
            {
                ProgramVersion =
                    typeof(RunContext).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion
                    ?? "unknown",
                RecipeHash = ContentHash.OfText(recipe),
                Seeds = new Dictionary<string, long> { ["run"] = seed },
                Machine = MachineFacts.Detect(TorchRuntime.Threads, new Dictionary<string, string>
                {
                    ["libtorch"] = TorchRuntime.Version,
                    ["products"] = Products.ValueOf(Products.Library),
                    ["dotnet"] = Environment.Version.ToString(),
                    ["device"] = TorchRuntime.Device.ToString(),
                }),
                Arms = folder.Manifest?.Arms ?? [],
                Stages = folder.Manifest?.Stages ?? [],
            });
            return new(folder, progress, stop) { ProfilesSteps = profile };
        }
        catch
        {
            folder.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Opens a run folder (<see cref="Open"/>), works in it and closes it. If wrong input ends the run before any work is done, what this
    /// start made is removed while the folder is still locked (<see cref="RunFolder.Withdraw"/>).
    /// </summary>
    public static T Within<T>(
        string path, string recipe, long seed, IProgressReporter progress, Func<RunContext, T> work, CancellationToken stop,
        bool profile = false)
    {
        using var run = Open(path, recipe, seed, progress, stop, profile: profile);
        try
        {
            return Recorded(run, work);
        }
        catch (OperationCanceledException)
        {
            progress.Note(run.IsKept ? "finished work is kept: the same command resumes from here"
                : "none of this work is kept: the same command starts over");
            throw;
        }
        catch (EspalierException error) when (error.ExitCode == 2)
        {
            run._folder.Withdraw();
            throw;
        }
    }

    /// <summary>
    /// The same in a temporary folder for one command, which keeps only what it moves to its output
    /// (<see cref="DurableOutput.Move"/>).
    /// </summary>
    /// <param name="output">
    /// The output, next to which the folder is created; null for none: then it is created where temporary files go.
    /// </param>
    /// <param name="recipe">What is run, for its hash.</param>
    /// <param name="seed">The run's seed.</param>
    /// <param name="progress">Receives notes and warnings.</param>
    /// <param name="work">Runs stages.</param>
    /// <param name="stop">Cancelled when it should end.</param>
    internal static T Once<T>(string? output, string recipe, long seed, IProgressReporter progress, Func<RunContext, T> work,
        CancellationToken stop)
    {
        using var folder = output is null ? ScratchFolder.Begin() : ScratchFolder.Beside(output);
        var inside = new Regex($"{Regex.Escape(folder.Path)}[^ :;,']*");
        try
        {
            return Within(folder.Path, recipe, seed, progress, run =>
            {
                run.IsKept = false;
                return work(run);
            }, stop);
        }
        // The user does not know the folder: the error names the output instead.
        catch (EspalierException error) when (inside.IsMatch(error.Message))
        {
            throw new EspalierException(inside.Replace(error.Message, output ?? Path.GetTempPath()), error)
            {
                ExitCode = error.ExitCode,
            };
        }
        catch (Exception error)
            when (error is IOException or UnauthorizedAccessException && (DiskFull.Is(error) || inside.IsMatch(error.Message)))
        {
            throw DurableOutput.Refused(output ?? Path.GetTempPath(), error);
        }
    }

    /// <summary>Does the work and records in the manifest how it ended.</summary>
    private static T Recorded<T>(RunContext run, Func<RunContext, T> work)
    {
        try
        {
            var result = work(run);
            run.End(RunEnd.Done, null);
            return result;
        }
        catch (Exception error)
        {
            try
            {
                run.End(error is OperationCanceledException ? RunEnd.Interrupted : RunEnd.Failed, error is OperationCanceledException ? null
                    : error.Message);
            }
            catch (Exception second) when (second is IOException or UnauthorizedAccessException or EspalierException)
            {
                // The disk may be what went wrong: the first error is the one to hear of.
            }
            throw;
        }
    }

    private void End(RunEnd end, string? message) =>
        _folder.Save(Manifest with { Outcome = new(end, message, TimeProvider.System.GetUtcNow()) });
}

using Espalier.Pipeline.Runs;

namespace Espalier.Pipeline.Stages.Running;

/// <summary>What a run that goes on should know of how it began: what changes no stage's key and yet the last bits of results.</summary>
internal static class ContinuedRun
{
    /// <summary>Says in a line each what is different now from how an unfinished run began.</summary>
    /// <param name="before">The run as it stands; null where it begins.</param>
    /// <param name="progress">Where it is said.</param>
    public static void Note(RunManifest? before, IProgressReporter progress)
    {
        if (before is null || before.Outcome?.End == RunEnd.Done)
            return;
        var (threads, device) = (before.Machine.Threads, before.Machine.Libraries.GetValueOrDefault("device"));
        if (threads != TorchRuntime.Threads)
            Say($"{Units.Counted(threads, "thread")} and continues with {TorchRuntime.Threads}", "number", $"--threads {threads}");
        // A run of an earlier program does not say where it was computed.
        if (device is not null && device != TorchRuntime.Device.ToString())
            Say($"{device} and continues with {TorchRuntime.Device}", "device", $"--device {device}");

        void Say(string change, string of, string wayBack) => progress.Note(
            $"this run began with {change}: its bits will differ from those of a run with a single {of}; {wayBack} continues as it "
            + "began");
    }
}

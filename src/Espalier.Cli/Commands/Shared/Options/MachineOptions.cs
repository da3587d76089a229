using System.CommandLine;
using Espalier.Pipeline.Options;

namespace Espalier.Cli.Commands.Shared.Options;

/// <summary><c>--threads</c>, <c>--device</c>, and the start of libtorch with them: called once, before the first tensor.</summary>
/// <param name="onProcessor">Whether the command computes on the processor whatever the machine has, and takes no <c>--device</c>.</param>
internal sealed class MachineOptions(bool onProcessor = false)
{
    private readonly ValueOption<int> _threads = new("--threads", Kinds.Size(most: 1024),
        "Compute threads, by default one per processor; results are bit-for-bit reproducible at a fixed number");

    private readonly TextOption _device = new("--device",
        "Device that runs models: cpu (unless ESPALIER_DEVICE says otherwise), cuda, cuda:N, or auto, which is a GPU if there is one",
        "DEVICE");

    internal IEnumerable<Option> Options => onProcessor ? [_threads] : [_threads, _device];

    /// <summary>Whether a device is named that the machine may not have: what computes there is refused then.</summary>
    internal bool NamesDevice(CommandRun run) =>
        (run.Get(_device) ?? Environment.GetEnvironmentVariable(TorchRuntime.DeviceVariable)) is not (null or "" or "cpu" or "auto");

    internal void Start(CommandRun run) =>
        TorchRuntime.Start(run.Get(_threads) ?? Environment.ProcessorCount, onProcessor ? "cpu" : run.Get(_device));
}

using System.CommandLine;
using Espalier.Torch;

namespace Espalier.Cli.Commands.Shared;

/// <summary><c>--threads</c>, <c>--device</c>, and the start of libtorch with them: called once, before the first tensor.</summary>
internal sealed class ThreadsOption
{
    private readonly Option<string> _device = new("--device")
    {
        Description =
            "Where models are computed: cpu (unless ESPALIER_DEVICE says otherwise), cuda, cuda:N, or auto, a GPU where there is one",
        HelpName = "DEVICE",
    };

    private readonly CountOption _option = new("--threads",
        "Threads that compute, by default one for each processor; results repeat bit for bit at a fixed number", most: 1024);

    internal void AddTo(Command command)
    {
        command.Options.Add(_option);
        command.Options.Add(_device);
    }

    internal void Start(CommandRun run) =>
        TorchRuntime.Start(run.Get(_option) ?? Environment.ProcessorCount, run.Get(_device));
}

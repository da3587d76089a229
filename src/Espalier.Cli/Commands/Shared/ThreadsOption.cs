using System.CommandLine;
using Espalier.Pipeline.Options;
using Espalier.Torch;

namespace Espalier.Cli.Commands.Shared;

/// <summary><c>--threads</c>, and the start of libtorch with it: called once, before the first tensor.</summary>
internal sealed class ThreadsOption
{
    private readonly ValueOption<int> _option = new("--threads", Kinds.Size(most: 1024),
        "Threads that compute, by default one for each processor; results repeat bit for bit at a fixed number");

    internal void AddTo(Command command) => command.Options.Add(_option);

    internal void Start(CommandRun run) => TorchRuntime.Start(run.Get(_option) ?? Environment.ProcessorCount);
}

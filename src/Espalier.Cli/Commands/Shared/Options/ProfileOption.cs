using System.CommandLine;

namespace Espalier.Cli.Commands.Shared.Options;

/// <summary><c>--profile</c> of commands that train.</summary>
internal sealed class ProfileOption
{
    private readonly Option<bool> _option = new("--profile")
    {
        Description = "Show at the end where the time of training steps went, by phase: seconds, GFLOP/s, page faults, managed bytes",
    };

    internal void AddTo(Command command) => command.Options.Add(_option);

    internal bool IsGiven(CommandRun run) => run.Get(_option);
}

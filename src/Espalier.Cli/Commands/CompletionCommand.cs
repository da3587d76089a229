using System.CommandLine;
using Espalier.Cli.Host;
using Espalier.Cli.Interface;
using Espalier.Cli.Rendering;

namespace Espalier.Cli.Commands;

/// <summary>Scripts by which a shell completes commands, options, their values and file names.</summary>
internal sealed class CompletionCommand : CommandBase
{
    private static readonly (string Name, Func<InterfaceFacts, string> Script)[] s_shells =
        [("bash", BashCompletion.Of), ("zsh", ZshCompletion.Of), ("fish", FishCompletion.Of)];

    private readonly Argument<string> _shell = new("shell")
    {
        Description = "The shell",
        HelpName = string.Join('|', s_shells.Select(known => known.Name))
    };

    internal CompletionCommand() : base(
        "completion",
        "Print a shell completion script for commands, options, their values and file names",
        "espalier completion bash > espalier.bash",
        "espalier completion zsh > _espalier",
        "espalier completion fish > espalier.fish") => Arguments.Add(_shell);

    protected override int Run(CommandRun run)
    {
        var name = run.Get(_shell)!;
        if (s_shells.FirstOrDefault(known => known.Name == name).Script is not { } write)
            throw new EspalierException(
                $"there is no completion for {name}; available: {string.Join(", ", s_shells.Select(known => known.Name))}");
        var script = write(InterfaceFacts.Of(run.Root));
        if (run.Json)
            run.Write(new CompletionReport(name, script), (_, _) => { });
        else
            run.Terminal.Output.Write(script);
        return ExitCodes.Done;
    }
}

/// <summary>What <c>completion --json</c> prints.</summary>
internal sealed record CompletionReport(string Shell, string Script);

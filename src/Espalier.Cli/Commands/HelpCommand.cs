using System.CommandLine;
using Espalier.Cli.Host;
using Espalier.Cli.Interface;
using Espalier.Cli.Rendering;

namespace Espalier.Cli.Commands;

/// <summary>Help by its name: of the program, or of one command.</summary>
internal sealed class HelpCommand : CommandBase
{
    private readonly Argument<string?> _command = new("command")
    {
        Description = "The command; without one, lists them all",
        HelpName = "COMMAND",
        Arity = ArgumentArity.ZeroOrOne,
    };

    internal HelpCommand() : base(
        "help",
        "Show a command's arguments, options and examples; with --json, all arguments and options as data",
        "espalier help",
        "espalier help prune",
        "espalier help distill --json | jq .commands[0].options") => Arguments.Add(_command);

    protected override int Run(CommandRun run)
    {
        var name = run.Get(_command);
        var found = name is null ? null : run.Root.Subcommands.FirstOrDefault(known => known.Name == name)
            ?? throw new EspalierException(UnknownCommand.Describe(name, run.Root));
        if (run.Json)
        {
            run.Write(InterfaceFacts.Of(run.Root, found), (_, _) => { });
            return ExitCodes.Done;
        }
        return run.Root.Parse(found is null ? ["--help"] : [found.Name, "--help"])
            .Invoke(new InvocationConfiguration { Output = run.Terminal.Output, Error = run.Terminal.Error });
    }
}

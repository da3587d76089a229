using System.CommandLine;
using System.CommandLine.Help;
using Espalier.Cli.Commands;
using Espalier.Cli.Rendering;

namespace Espalier.Cli;

/// <summary>Parses the command line, runs the command and turns every outcome into an exit code.</summary>
internal static class Launch
{
    internal static Option<bool> Verbose { get; } = new("--verbose")
    {
        Description = "Show the stack trace of an error",
        Recursive = true,
    };

    internal static int Run(IReadOnlyList<CommandBase> commands, string[] args, Terminal terminal)
    {
        var root = Root(commands, terminal);
        // Response files (@file) are off: a prompt or a user name may well begin with an at sign.
        var parsed = root.Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null });
        var verbose = args.Contains(Verbose.Name);
        try
        {
            if (WrongUsage.Describe(parsed) is { } wrong)
                throw new EspalierException(wrong);
            return parsed.Invoke(new InvocationConfiguration
            {
                Output = terminal.Output,
                Error = terminal.Error,
                EnableDefaultExceptionHandler = false,
                ProcessTerminationTimeout = null,
            });
        }
        catch (Exception error)
        {
            return Failure.Report(error, verbose, terminal.Error);
        }
    }

    private static RootCommand Root(IReadOnlyList<CommandBase> commands, Terminal terminal)
    {
        var root = new RootCommand(
            "Espalier prunes a language model and distils the original into what is left: "
                + "NVIDIA's Minitron recipe, from a Hugging Face folder to a smaller one.");
        root.Directives.Clear();
        root.Options.Add(Verbose);
        foreach (var command in commands)
        {
            command.SetAction(parsed => command.Invoke(parsed, terminal));
            root.Add(command);
        }
        var help = root.Options.OfType<HelpOption>().Single();
        var shown = new HelpWithExamples((HelpAction)help.Action!);
        help.Action = shown;
        root.SetAction(shown.Invoke);
        return root;
    }
}

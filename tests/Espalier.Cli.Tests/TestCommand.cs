using System.CommandLine;
using Espalier.Cli.Commands;
using Espalier.Cli.Rendering;

namespace Espalier.Cli.Tests;

/// <summary>A command that does what a test tells it, beside the real ones.</summary>
internal sealed class TestCommand : CommandBase
{
    private readonly Func<CommandRun, int> _work;

    internal Option<int> Steps { get; } = new("--steps");

    internal TestCommand(Func<CommandRun, int> work) : base("work", "Works", "espalier work --steps 3")
    {
        this._work = work;
        Options.Add(Steps);
    }

    /// <summary>Runs a command line against this command and the real ones, without a terminal.</summary>
    internal static (int Code, string Output, string Error) Launch(string line, Func<CommandRun, int>? work = null) =>
        Launch(line, new TestCommand(work ?? (_ => 0)));

    internal static (int Code, string Output, string Error) Launch(string line, TestCommand command)
    {
        var (output, error) = (new StringWriter(), new StringWriter());
        var code =
            Cli.Launch.Run([command, .. CommandList.All()], line.Split(' ', StringSplitOptions.RemoveEmptyEntries),
                new Terminal(output, error, false, false, false));
        return (code, output.ToString(), error.ToString());
    }

    /// <summary>Runs a command line whose parts may hold blanks.</summary>
    internal static (int Code, string Output, string Error) LaunchWith(params string[] line)
    {
        var (output, error) = (new StringWriter(), new StringWriter());
        var code = Cli.Launch.Run(CommandList.All(), line, new Terminal(output, error, false, false, false));
        return (code, output.ToString(), error.ToString());
    }

    /// <summary>Runs a command line with lines on its stdin, as a pipe brings them.</summary>
    internal static (int Code, string Output, string Error) LaunchWithInput(string input, params string[] line)
    {
        var (output, error) = (new StringWriter(), new StringWriter());
        var terminal = new Terminal(output, error, false, false, false) { Input = new StringReader(input) };
        return (Cli.Launch.Run(CommandList.All(), line, terminal), output.ToString(), error.ToString());
    }

    protected override int Run(CommandRun run) => _work(run);
}

using System.CommandLine;
using Espalier.Cli.Commands.Shared.Options;
using Espalier.Cli.Host;
using Espalier.Cli.Interface;
using Espalier.Cli.Progress;
using Espalier.Cli.Rendering;

namespace Espalier.Cli.Commands;

/// <summary>
/// What all commands share: examples below <c>--help</c>, <c>--json</c>, progress on stderr, and the exit codes. A command
/// declares its arguments and options as fields, takes them in its constructor and does its work in <see cref="Run"/>.
/// </summary>
internal abstract class CommandBase : Command, IDescribedCommand
{
    private readonly FlagOption _json = new("--json", "Print the result as one JSON object on stdout");

    protected CommandBase(string name, string description, params string[] examples) : base(name, description)
    {
        Examples = examples;
        Options.Add(_json);
    }

    /// <summary>Complete command lines that work as they stand, one after the other; a test runs them all.</summary>
    public IReadOnlyList<string> Examples { get; }

    /// <summary>The heading below which help lists the command.</summary>
    public string Group { get; set; } = "Others";

    /// <summary>
    /// Does the work and returns its exit code. Errors are thrown (<see cref="EspalierException"/> where the user can mend
    /// them), never printed; the result goes to <see cref="CommandRun.Write{T}"/>.
    /// </summary>
    protected abstract int Run(CommandRun run);

    /// <summary>Takes arguments and options; help lists them in this order.</summary>
    protected void Takes(params IEnumerable<Symbol> symbols)
    {
        foreach (var symbol in symbols)
            if (symbol is Argument argument)
                Arguments.Add(argument);
            else
                Options.Add((Option)symbol);
    }

    internal int Invoke(ParseResult parsed, Terminal terminal)
    {
        using var interruption = new Interruption(terminal.Error);
        using var progress = ConsoleProgress.For(terminal);
        try
        {
            return Run(new CommandRun(parsed, terminal, progress, parsed.GetValue(_json), interruption.Token)
            {
                Interruption = interruption,
            });
        }
        // Who asked for the end gets it, whatever the disk says meanwhile.
        catch (Exception error) when (interruption.Token.IsCancellationRequested && DiskFull.Is(error))
        {
            progress.Warn(error.Message);
            throw new OperationCanceledException(error.Message, error, interruption.Token);
        }
    }
}

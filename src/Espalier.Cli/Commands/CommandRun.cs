using System.CommandLine;
using Espalier.Cli.Commands.Shared.Options;
using Espalier.Cli.Host;
using Espalier.Cli.Rendering;

namespace Espalier.Cli.Commands;

/// <summary>What a command is given to work with.</summary>
/// <param name="parsed">The values of its arguments and options.</param>
/// <param name="terminal">Its streams.</param>
/// <param name="progress">Where it says how far it is; ended before the result is written.</param>
/// <param name="json">Whether the result is wanted as JSON.</param>
/// <param name="cancellation">Set by SIGINT and SIGTERM.</param>
internal sealed class CommandRun(ParseResult parsed, Terminal terminal, IProgressReporter progress, bool json,
    CancellationToken cancellation)
{
    internal IProgressReporter Progress => progress;

    internal CancellationToken Cancellation => cancellation;

    internal Terminal Terminal => terminal;

    /// <summary>What SIGINT does, for a command that goes on after it; null where nobody listens.</summary>
    internal Interruption? Interruption { get; init; }

    /// <summary>Whether the result is wanted as JSON: then nothing else may go to stdout.</summary>
    internal bool Json => json;

    /// <summary>The whole program's command, which has all others.</summary>
    internal RootCommand Root => (RootCommand)parsed.RootCommandResult.Command;

    /// <summary>The value of an option, or its default.</summary>
    internal T? Get<T>(Option<T> option) => parsed.GetValue(option);

    /// <summary>The value of an option, or its default; null where it has none.</summary>
    internal T? Get<T>(ValueOption<T> option) where T : struct =>
        parsed.GetValue((Option<string>)option) is { } text ? option.Parse(text) : null;

    /// <summary>The values of an option that lists some, or its default; null where it has none.</summary>
    internal IReadOnlyList<T>? Get<T>(ValueOption<IReadOnlyList<T>> option) =>
        parsed.GetValue((Option<string>)option) is { } text ? option.Parse(text) : null;

    /// <summary>The value of an argument, or its default.</summary>
    internal T? Get<T>(Argument<T> argument) => parsed.GetValue(argument);

    /// <summary>Whether the user gave the option.</summary>
    internal bool Has(Option option) => parsed.GetResult(option) is { Implicit: false };

    /// <summary>Shows a piece of what a model writes as it comes; with <c>--json</c> it is part of the result.</summary>
    internal void Say(string piece)
    {
        if (json)
            return;
        terminal.Output.Write(piece);
        terminal.Output.Flush();
    }

    /// <summary>Writes the command's one result: as a JSON object with <c>--json</c>, else as <paramref name="render"/> shows it.</summary>
    /// <param name="result">The result, as the method has it.</param>
    /// <param name="render">Shows it to a person.</param>
    /// <param name="beside">What the command alone knows, such as the file that it wrote; null is left out.</param>
    internal void Write<T>(T result, Action<Page, T> render, params IEnumerable<(string Name, object? Value)> beside) where T : notnull
    {
        if (json)
            terminal.Output.WriteLine(JsonOutput.Serialize(result, beside));
        else
            render(new Page(terminal), result);
    }
}

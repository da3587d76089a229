namespace Espalier.Cli.Rendering;

/// <summary>The two streams that a command writes to, and what they can show.</summary>
/// <param name="Output">Results.</param>
/// <param name="Error">Progress, notes and errors.</param>
/// <param name="OutputIsTerminal">Whether a person reads <paramref name="Output"/>.</param>
/// <param name="ErrorIsTerminal">Whether a person reads <paramref name="Error"/>.</param>
/// <param name="Colors">Whether colours are wanted (NO_COLOR is not set).</param>
internal sealed record Terminal(TextWriter Output, TextWriter Error, bool OutputIsTerminal, bool ErrorIsTerminal, bool Colors)
{
    /// <summary>What a person types, or a program pipes in.</summary>
    internal TextReader Input { get; init; } = TextReader.Null;

    /// <summary>Whether a person types <see cref="Input"/>.</summary>
    internal bool InputIsTerminal { get; init; }

    /// <summary>The process's own streams. A dumb terminal (TERM=dumb) counts as a file.</summary>
    internal static Terminal OfProcess()
    {
        var dumb = Environment.GetEnvironmentVariable("TERM") is null or "" or "dumb";
        return new Terminal(
            Console.IsOutputRedirected ? Console.Out : new TerminalWriter(Console.Out),
            Console.IsErrorRedirected ? Console.Error : new TerminalWriter(Console.Error),
            !dumb && !Console.IsOutputRedirected,
            !dumb && !Console.IsErrorRedirected,
            string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR")))
        {
            Input = Console.In,
            InputIsTerminal = !Console.IsInputRedirected,
        };
    }
}

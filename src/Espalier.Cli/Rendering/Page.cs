using Spectre.Console;

namespace Espalier.Cli.Rendering;

/// <summary>Where a command shows its result to a person: with colours and borders on a terminal, as plain text elsewhere.</summary>
internal sealed class Page(Terminal terminal)
{
    private readonly IAnsiConsole? console = terminal.OutputIsTerminal ? Spectres.Console(terminal.Output, terminal.Colors) : null;

    internal void Line(string text = "")
    {
        // Spectre would wrap in the middle of a path; a terminal wraps such that it can still be copied.
        terminal.Output.WriteLine(text);
    }

    internal void Heading(string text)
    {
        if (console is null)
            terminal.Output.WriteLine(text);
        else
            console.MarkupLineInterpolated($"[bold]{text}[/]");
    }

    internal void Table(TextTable table)
    {
        if (console is null)
            table.WritePlain(terminal.Output);
        else
            console.Write(Spectres.Table(table));
    }
}

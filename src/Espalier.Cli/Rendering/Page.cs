using System.Text;
using Spectre.Console;

namespace Espalier.Cli.Rendering;

/// <summary>Where a command shows its result to a person: with colours and borders on a terminal, as plain text elsewhere, as Markdown where that is asked for.</summary>
internal sealed class Page
{
    private readonly Terminal terminal;
    private readonly IAnsiConsole? console;
    private readonly bool markdown;

    internal Page(Terminal terminal) : this(terminal, markdown: false)
    {
    }

    private Page(Terminal terminal, bool markdown)
    {
        (this.terminal, this.markdown) = (terminal, markdown);
        console = terminal.OutputIsTerminal && !markdown ? Spectres.Console(terminal.Output, terminal.Colors) : null;
    }

    /// <summary>A page of Markdown, whatever the output is.</summary>
    internal static Page Markdown(Terminal terminal) => new(terminal, markdown: true);

    internal void Line(string text = "")
    {
        // Spectre would wrap in the middle of a path; a terminal wraps such that it can still be copied.
        terminal.Output.WriteLine(markdown && text.Length > 0 ? Escaped(text) + "  " : text);
    }

    internal void Heading(string text)
    {
        if (markdown)
            terminal.Output.WriteLine($"### {Escaped(text)}");
        else if (console is null)
            terminal.Output.WriteLine(text);
        else
            console.MarkupLineInterpolated($"[bold]{text}[/]");
    }

    internal void Table(TextTable table)
    {
        if (markdown)
            WriteMarkdown(table);
        else if (console is null)
            table.WritePlain(terminal.Output);
        else
            console.Write(Spectres.Table(table));
    }

    private void WriteMarkdown(TextTable table)
    {
        terminal.Output.WriteLine();
        Row(table.Columns.Select(column => Escaped(column.Header)));
        Row(table.Columns.Select(column => column.Number ? "---:" : "---"));
        foreach (var row in table.Rows)
            Row(row.Select(Escaped));
        terminal.Output.WriteLine();
    }

    private void Row(IEnumerable<string> cells) => terminal.Output.WriteLine($"| {string.Join(" | ", cells)} |");

    /// <summary>A name stays what it is: nothing in it is taken for markup, and it does not leave its line.</summary>
    private static string Escaped(string text)
    {
        var escaped = new StringBuilder(text.Length + 8);
        foreach (var c in text)
            escaped.Append(c switch
            {
                '\\' or '|' or '*' or '_' or '`' or '[' or ']' or '<' or '>' or '#' => $"\\{c}",
                '\r' or '\n' => " ",
                _ => c.ToString(),
            });
        return escaped.ToString();
    }
}

using System.Text;
using Spectre.Console;

namespace Espalier.Cli.Rendering;

/// <summary>
/// Where a command shows its result to a person: with colours and borders on a terminal, as plain text elsewhere, as Markdown where that is
/// asked for.
/// </summary>
internal sealed class Page
{
    private readonly Terminal _terminal;
    private readonly IAnsiConsole? _console;
    private readonly bool _markdown;

    internal Page(Terminal terminal) : this(terminal, markdown: false)
    {
    }

    private Page(Terminal terminal, bool markdown)
    {
        (this._terminal, this._markdown) = (terminal, markdown);
        _console = terminal.OutputIsTerminal && !markdown ? Spectres.Console(terminal.Output, terminal.Colors) : null;
    }

    /// <summary>A page of Markdown, whatever the output is.</summary>
    internal static Page Markdown(Terminal terminal) => new(terminal, markdown: true);

    internal void Line(string text = "")
    {
        // Spectre would wrap in the middle of a path; a terminal wraps such that it can still be copied.
        _terminal.Output.WriteLine(_markdown && text.Length > 0 ? Escaped(text) + "  " : text);
    }

    internal void Heading(string text)
    {
        if (_markdown)
            _terminal.Output.WriteLine($"### {Escaped(text)}");
        else if (_console is null)
            _terminal.Output.WriteLine(text);
        else
            _console.MarkupLineInterpolated($"[bold]{text}[/]");
    }

    internal void Table(TextTable table)
    {
        if (_markdown)
            WriteMarkdown(table);
        else if (_console is null)
            table.WritePlain(_terminal.Output);
        else
            _console.Write(Spectres.Table(table));
    }

    private void WriteMarkdown(TextTable table)
    {
        _terminal.Output.WriteLine();
        Row(table.Columns.Select(column => Escaped(column.Title)));
        Row(table.Columns.Select(column => column.IsNumber ? "---:" : "---"));
        foreach (var row in table.Rows)
            Row(row.Select(Escaped));
        _terminal.Output.WriteLine();
    }

    private void Row(IEnumerable<string> cells) => _terminal.Output.WriteLine($"| {string.Join(" | ", cells)} |");

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

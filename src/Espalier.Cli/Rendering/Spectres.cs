using Spectre.Console;

namespace Espalier.Cli.Rendering;

/// <summary>What is made of Spectre.Console's parts.</summary>
internal static class Spectres
{
    internal static IAnsiConsole Console(TextWriter output, bool colors) => AnsiConsole.Create(new AnsiConsoleSettings
    {
        Out = new AnsiConsoleOutput(output),
        Ansi = AnsiSupport.Yes,
        Interactive = InteractionSupport.Yes,
        ColorSystem = colors ? ColorSystemSupport.Detect : ColorSystemSupport.NoColors,
    });

    internal static Table Table(TextTable table)
    {
        var result = new Table { Border = table.HasHeaders ? TableBorder.Rounded : TableBorder.None, ShowHeaders = table.HasHeaders };
        foreach (var column in table.Columns)
        {
            var made = new TableColumn(Markup.Escape(column.Header));
            result.AddColumn(column.Number ? made.RightAligned() : made);
        }
        foreach (var row in table.Rows)
            result.AddRow(row.Select(Markup.Escape).ToArray());
        return result;
    }
}

using Spectre.Console;

namespace Espalier.Cli.Rendering;

/// <summary>What is made of Spectre.Console's parts.</summary>
internal static class Spectres
{
    internal static IAnsiConsole Console(TextWriter output, bool colors)
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(output),
            Ansi = AnsiSupport.Yes,
            Interactive = InteractionSupport.Yes,
            ColorSystem = colors ? ColorSystemSupport.Detect : ColorSystemSupport.NoColors,
        });
        // A terminal that does not know its size says 0, which live displays cannot draw in.
        if (console.Profile.Height < 2)
            console.Profile.Height = 24;
        if (console.Profile.Width < 20)
            console.Profile.Width = 80;
        return console;
    }

    internal static Table Table(TextTable table)
    {
        var result = new Table { Border = table.HasHeaders ? TableBorder.Rounded : TableBorder.None, ShowHeaders = table.HasHeaders };
        foreach (var column in table.Columns)
        {
            var made = new TableColumn(Markup.Escape(column.Title));
            result.AddColumn(column.IsNumber ? made.RightAligned() : made);
        }
        foreach (var row in table.Rows)
            result.AddRow(row.Select(Markup.Escape).ToArray());
        return result;
    }
}

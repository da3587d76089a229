using Espalier.Pipeline.Cards;

namespace Espalier.Cli.Rendering;

/// <summary>Rows of text under headers; where all headers are empty, none are shown.</summary>
internal sealed class TextTable(params Column[] columns)
{
    private readonly List<string[]> _rows = [];

    internal IReadOnlyList<Column> Columns => columns;

    internal IReadOnlyList<string[]> Rows => _rows;

    internal bool HasHeaders => columns.Any(c => c.Title.Length > 0);

    /// <summary>Names and values without headers.</summary>
    internal static TextTable OfFacts(params (string Name, string Value)[] facts)
    {
        var table = new TextTable("", "");
        foreach (var (name, value) in facts)
            table.Add(name, value);
        return table;
    }

    internal void Add(params string[] cells)
    {
        if (cells.Length != columns.Length)
            throw new ArgumentException($"a row has {cells.Length} cells, the table {columns.Length} columns", nameof(cells));
        _rows.Add(cells);
    }

    /// <summary>Aligned with spaces, two between columns, for files, pipes and logs.</summary>
    internal void WritePlain(TextWriter output)
    {
        IEnumerable<string[]> lines = HasHeaders ? [[.. columns.Select(c => c.Title)], .. _rows] : _rows;
        var widths = columns.Select((_, i) => lines.Select(line => line[i].Length).DefaultIfEmpty(0).Max()).ToArray();
        foreach (var line in lines)
        {
            var padded = line.Select((cell, i) => columns[i].IsNumber ? cell.PadLeft(widths[i]) : cell.PadRight(widths[i]));
            output.WriteLine(string.Join("  ", padded).TrimEnd());
        }
    }
}

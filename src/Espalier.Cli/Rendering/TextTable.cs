namespace Espalier.Cli.Rendering;

/// <summary>A column: its header, and whether its cells are numbers.</summary>
internal sealed record TextColumn(string Header, bool Number = false);

/// <summary>Rows of text under headers; where all headers are empty, none are shown.</summary>
internal sealed class TextTable(params TextColumn[] columns)
{
    private readonly List<string[]> _rows = [];

    internal IReadOnlyList<TextColumn> Columns => columns;

    internal IReadOnlyList<string[]> Rows => _rows;

    internal bool HasHeaders => columns.Any(c => c.Header.Length > 0);

    /// <summary>Names and values without headers.</summary>
    internal static TextTable OfFacts(params (string Name, string Value)[] facts)
    {
        var table = new TextTable(new TextColumn(""), new TextColumn(""));
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
        IEnumerable<string[]> lines = HasHeaders ? [[.. columns.Select(c => c.Header)], .. _rows] : _rows;
        var widths = columns.Select((_, i) => lines.Select(line => line[i].Length).DefaultIfEmpty(0).Max()).ToArray();
        foreach (var line in lines)
        {
            var padded = line.Select((cell, i) => columns[i].Number ? cell.PadLeft(widths[i]) : cell.PadRight(widths[i]));
            output.WriteLine(string.Join("  ", padded).TrimEnd());
        }
    }
}

namespace Espalier.Cli.Rendering;

/// <summary>
/// One table for programs (RFC 4180): a header of names as in <c>--json</c>, numbers with all their digits, what is not there or not finite
/// left empty.
/// </summary>
internal sealed class CsvTable(params IReadOnlyList<string> columns)
{
    private readonly List<object?[]> _rows = [];

    /// <summary>Adds a row of numbers and texts.</summary>
    internal void Add(params IReadOnlyList<object?> cells)
    {
        if (cells.Count != columns.Count)
            throw new ArgumentException($"a row has {cells.Count} cells, the table {columns.Count} columns", nameof(cells));
        _rows.Add([.. cells]);
    }

    internal void Write(TextWriter output)
    {
        foreach (var row in _rows.Prepend([.. columns]))
            output.Write(string.Join(',', row.Select(Cell)) + "\n");
    }

    private static string Cell(object? value) => value switch
    {
        null => "",
        double number => double.IsFinite(number) ? number.ToString("R", CultureInfo.InvariantCulture) : "",
        IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
        _ => Quoted(value.ToString()!),
    };

    private static string Quoted(string text) =>
        text.AsSpan().IndexOfAny(",\"\r\n") < 0 && text.Trim().Length == text.Length ? text
            : $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
}

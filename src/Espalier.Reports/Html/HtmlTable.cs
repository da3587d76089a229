using Espalier.Pipeline.Cards;

namespace Espalier.Reports.Html;

/// <summary>A cell: its text, and a quieter second line. A text alone stands for one.</summary>
internal readonly record struct Cell(string Text, string? Below = null)
{
    public static implicit operator Cell(string text) => new(text);

    /// <summary>Whether it is set in the fixed-width face and may break anywhere: hashes.</summary>
    internal bool IsCode { get; init; }
}

/// <summary>A plain table: a header row, then rows whose first cell names them.</summary>
internal sealed class HtmlTable(params IReadOnlyList<Column> columns)
{
    private readonly List<(string? Class, Cell[] Cells)> _rows = [];

    /// <summary>Columns of several, written above them: title and how many.</summary>
    internal IReadOnlyList<(string Title, int Columns)> Groups { get; init; } = [];

    /// <summary>Whether there is anything below the header.</summary>
    internal bool HasRows => _rows.Count > 0;

    internal void Add(string? cssClass, params IReadOnlyList<Cell> cells) => _rows.Add((cssClass, [.. cells]));

    /// <summary>Writes the table, in a box that scrolls where the page is narrow.</summary>
    internal void Write(HtmlBuilder html)
    {
        using var box = html.Open("div", ("class", "scroll"), ("tabindex", "0"), ("role", "region"), ("aria-label", "Table"));
        using var table = html.Open("table");
        using (html.Open("thead"))
        {
            if (Groups.Count > 0)
                using (html.Open("tr"))
                    foreach (var (title, count) in Groups)
                        html.Leaf("th", title, ("class", "span"), ("colspan", Units.Exact(count)));
            using (html.Open("tr"))
                foreach (var (title, number) in columns)
                    html.Leaf("th", title, ("scope", "col"), ("class", number ? "number" : null));
        }
        using var rows = html.Open("tbody");
        foreach (var (cssClass, cells) in _rows)
            using (html.Open("tr", ("class", cssClass)))
                for (var i = 0; i < cells.Length; i++)
                    Write(html, cells[i], i == 0, columns[i].IsNumber);
    }

    private static void Write(HtmlBuilder html, Cell cell, bool first, bool number)
    {
        using var open = html.Open(first ? "th" : "td", ("scope", first ? "row" : null), ("class", number ? "number" : null));
        if (cell.IsCode)
            html.Leaf("code", cell.Text);
        else
            html.Text(cell.Text);
        if (cell.Below is { } below)
            html.Leaf("span", below, ("class", "quiet"));
    }
}

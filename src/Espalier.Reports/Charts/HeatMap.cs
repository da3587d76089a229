using System.Text;
using Espalier.Reports.Html;

namespace Espalier.Reports.Charts;

/// <summary>
/// Rows of values as shades, each row relative to its own largest value; one path for each shade keeps it small. Shade goes with the square
/// root, so that a few outliers do not leave the rest white.
/// </summary>
internal sealed record HeatMap
{
    internal const int MostColumns = 128, MostRows = 64;
    private const int Shades = 12;
    private const double Left = 40, Wide = ChartFrame.Wide, Top = ChartFrame.Top - 4, Letter = 15;

    /// <summary>What it shows, for those who cannot see it.</summary>
    internal required string Title { get; init; }

    internal required string XLabel { get; init; }

    internal required string YLabel { get; init; }

    /// <summary>[row][column]; rows may differ in length.</summary>
    internal required IReadOnlyList<IReadOnlyList<double>> Rows { get; init; }

    /// <summary>Whether a cell is crossed out; asked only where columns and rows are not binned.</summary>
    internal Func<int, int, bool>? Crossed { get; init; }

    internal void Write(HtmlBuilder html)
    {
        var rows = Binned();
        var columns = rows.Max(row => row.Length);
        var (width, height) = ((Wide - Left - 4) / columns, Math.Clamp(200.0 / rows.Length, 3, 16));
        var (right, low) = (Left + columns * width, Top + rows.Length * height);
        using var svg =
            ChartFrame.Open(html, low + ChartFrame.Bottom, Title,
                $"{Rows.Count} rows ({YLabel}), {Rows.Max(row => row.Count)} columns ({XLabel})");
        html.Void("rect", ("class", "heatground"), ("x", Left), ("y", Top), ("width", right - Left), ("height", low - Top));
        Cells(html, rows, width, height);
        Crosses(html, rows, width, height);
        Labels(html, rows.Length, height, low);
    }

    private double[][] Binned()
    {
        var rows = Rows.Select(row => Binning.Means(row, MostColumns)).ToArray();
        if (rows.Length <= MostRows)
            return rows;
        var columns = rows.Min(row => row.Length);
        return [.. Enumerable.Range(0, MostRows).Select(i =>
        {
            var (from, to) = Binning.Bounds(i, rows.Length, MostRows);
            return Enumerable.Range(0, columns).Select(column => Enumerable.Range(from, to - from).Average(row => rows[row][column]))
                .ToArray();
        })];
    }

    private static void Cells(HtmlBuilder html, double[][] rows, double width, double height)
    {
        var paths = new StringBuilder[Shades + 1];
        for (var row = 0; row < rows.Length; row++)
        {
            var largest = rows[row].Where(double.IsFinite).DefaultIfEmpty(0).Max();
            var shades = rows[row].Select(value => value > 0 && value <= largest ? (int)Math.Round(Shades * Math.Sqrt(value / largest)) : 0)
                .ToArray();
            for (var (from, to) = (0, 0); from < shades.Length; from = to)
            {
                while (to < shades.Length && shades[to] == shades[from])
                    to++;
                // Half a pixel over, against seams.
                (paths[shades[from]] ??= new()).Append('M').Append(Figures.Pixel(Left + from * width)).Append(' ')
                    .Append(Figures.Pixel(Top + row * height))
                    .Append('H').Append(Figures.Pixel(Left + to * width)).Append('v').Append(Figures.Pixel(height - 0.5)).Append('H')
                    .Append(Figures.Pixel(Left + from * width)).Append('z');
            }
        }
        for (var shade = 1; shade <= Shades; shade++)
            if (paths[shade] is { } path)
                html.Void("path", ("class", "heat"), ("fill-opacity", Figures.Tick(Math.Round((double)shade / Shades, 2))),
                    ("d", path.ToString()));
    }

    private void Crosses(HtmlBuilder html, double[][] rows, double width, double height)
    {
        if (Crossed is null || Rows.Count > MostRows || Rows.Any(row => row.Count > MostColumns))
            return;
        var path = new StringBuilder();
        for (var row = 0; row < rows.Length; row++)
            for (var column = 0; column < rows[row].Length; column++)
                if (Crossed(row, column))
                {
                    var (x, y, half) = (Left + (column + 0.5) * width, Top + (row + 0.5) * height, Math.Min(width, height) * 0.25);
                    path.Append('M').Append(Figures.Pixel(x - half)).Append(' ').Append(Figures.Pixel(y - half)).Append('L')
                        .Append(Figures.Pixel(x + half)).Append(' ').Append(Figures.Pixel(y + half))
                        .Append('M').Append(Figures.Pixel(x - half)).Append(' ').Append(Figures.Pixel(y + half)).Append('L')
                        .Append(Figures.Pixel(x + half)).Append(' ').Append(Figures.Pixel(y - half));
                }
        if (path.Length == 0)
            return;
        html.Void("path", ("class", "under"), ("d", path.ToString()));
        html.Void("path", ("class", "cross"), ("d", path.ToString()));
    }

    private void Labels(HtmlBuilder html, int shown, double height, double low)
    {
        var every = Math.Max(1, (int)Math.Ceiling(Letter / height));
        for (var row = 0; row < shown; row += every)
            html.Leaf("text", Units.Exact((long)row * Rows.Count / shown), ("class", "end"), ("x", Left - 5),
                ("y", Top + (row + 0.5) * height), ("dy", "0.35em"));
        var count = Rows.Max(row => row.Count);
        foreach (var tick in Axis.Between(0, count).Ticks.Where(tick => tick < count && tick == Math.Floor(tick)))
            html.Leaf("text", Figures.Tick(tick), ("class", "middle"),
                ("x", Left + (tick + 0.5) / count * (Wide - Left - 4)), ("y", low + 17));
        ChartFrame.XLabel(html, XLabel, Wide / 2, low + ChartFrame.Bottom);
        ChartFrame.YLabel(html, YLabel);
    }
}

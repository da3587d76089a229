using System.Text;

namespace Espalier.Cli.Report.Charts;

/// <summary>A vertical line with a label: a cut.</summary>
internal sealed record Cut(double X, string Label);

/// <summary>A chart of lines and marks over two axes, as SVG. Draws what it is given: one point, none, NaN.</summary>
internal sealed record SvgChart
{
    private const double Left = 58, Right = 58, Top = 12, Bottom = 42, Wide = 760, Edge = 5;

    /// <summary>What it shows, for those who cannot see it.</summary>
    internal required string Title { get; init; }

    /// <summary>Label of the horizontal axis.</summary>
    internal required string XLabel { get; init; }

    /// <summary>Label of the vertical axis.</summary>
    internal required string YLabel { get; init; }

    /// <summary>Label of the right-hand axis, for <see cref="SeriesStyle.Secondary"/>.</summary>
    internal string SecondaryLabel { get; init; } = "";

    /// <summary>Series, those behind first.</summary>
    internal required IReadOnlyList<Series> Series { get; init; }

    /// <summary>Cuts.</summary>
    internal IReadOnlyList<Cut> Cuts { get; init; } = [];

    /// <summary>The vertical axis; by default one that holds all but the extremes of the faint series.</summary>
    internal Axis? Y { get; init; }

    /// <summary>Pixels.</summary>
    internal double Height { get; init; } = 300;

    private double Low => Height - Bottom;

    private bool HasSecondary => Series.Any(series => series.Style == SeriesStyle.Secondary && series.Points.Any(point => double.IsFinite(point.Y)));

    /// <summary>Writes the chart.</summary>
    internal void Write(HtmlBuilder html)
    {
        var x = Axis.Over(Series.SelectMany(series => series.Points).Select(point => point.X).Concat(Cuts.Select(cut => cut.X)).Append(0), about: 8);
        var y = Y ?? Axis.Over(Series.SelectMany(Visible), margin: 0.05);
        var secondary = Axis.Over(Series.Where(series => series.Style == SeriesStyle.Secondary).SelectMany(series => series.Points).Select(point => point.Y).Append(0), margin: 0.05);
        using var svg = html.Open("svg", ("viewBox", $"0 0 {Figures.Pixel(Wide)} {Figures.Pixel(Height)}"), ("role", "img"), ("aria-label", Title));
        Frame(html, x, y);
        if (HasSecondary)
            SecondaryAxis(html, secondary);
        // A nested svg cuts off what leaves the plot, but for the half of a circle on its edge.
        var (left, top, width, height) = (Figures.Pixel(Left - Edge), Figures.Pixel(Top - Edge), Figures.Pixel(Wide - Left - Right + 2 * Edge), Figures.Pixel(Low - Top + 2 * Edge));
        using (html.Open("svg", ("x", left), ("y", top), ("width", width), ("height", height), ("viewBox", $"{left} {top} {width} {height}")))
            foreach (var series in Series)
                Draw(html, series, x, series.Style == SeriesStyle.Secondary ? secondary : y);
        for (var i = 0; i < Cuts.Count; i++)
            Draw(html, Cuts[i], i, x);
    }

    private static IEnumerable<double> Visible(Series series) => series.Style switch
    {
        SeriesStyle.Secondary => [],
        SeriesStyle.Faint => Binning.Middle([.. series.Points.Select(point => point.Y)], 0.01),
        _ => series.Points.SelectMany(point => new[] { point.Y - point.Error, point.Y + point.Error }),
    };

    private void Frame(HtmlBuilder html, Axis x, Axis y)
    {
        foreach (var tick in y.Ticks)
        {
            var at = Figures.Pixel(y.Place(tick, Low, Top));
            html.Void("line", ("class", "grid"), ("x1", Figures.Pixel(Left)), ("x2", Figures.Pixel(Wide - Right)), ("y1", at), ("y2", at));
            html.Leaf("text", Figures.Tick(tick), ("class", "end"), ("x", Figures.Pixel(Left - 6)), ("y", at), ("dy", "0.35em"));
        }
        foreach (var tick in x.Ticks)
        {
            var at = Figures.Pixel(x.Place(tick, Left, Wide - Right));
            html.Void("line", ("class", "axis"), ("x1", at), ("x2", at), ("y1", Figures.Pixel(Low)), ("y2", Figures.Pixel(Low + 4)));
            html.Leaf("text", Figures.Tick(tick), ("class", "middle"), ("x", at), ("y", Figures.Pixel(Low + 17)));
        }
        html.Void("path", ("class", "axis"), ("d", $"M{Figures.Pixel(Left)} {Figures.Pixel(Top)}V{Figures.Pixel(Low)}H{Figures.Pixel(Wide - Right)}"));
        html.Leaf("text", XLabel, ("class", "middle label"), ("x", Figures.Pixel((Left + Wide - Right) / 2)), ("y", Figures.Pixel(Height - 6)));
        Upright(html, YLabel, 13);
    }

    private void SecondaryAxis(HtmlBuilder html, Axis axis)
    {
        foreach (var tick in axis.Ticks)
            html.Leaf("text", Figures.Tick(tick), ("x", Figures.Pixel(Wide - Right + 6)), ("y", Figures.Pixel(axis.Place(tick, Low, Top))), ("dy", "0.35em"));
        Upright(html, SecondaryLabel, Wide - 5);
    }

    private void Upright(HtmlBuilder html, string label, double x)
    {
        var y = Figures.Pixel((Top + Low) / 2);
        html.Leaf("text", label, ("class", "middle label"), ("x", Figures.Pixel(x)), ("y", y), ("transform", $"rotate(-90 {Figures.Pixel(x)} {y})"));
    }

    private void Draw(HtmlBuilder html, Series series, Axis x, Axis y)
    {
        var points = series.Points.Select(point => (
            point, X: x.Place(point.X, Left, Wide - Right), Y: double.IsFinite(point.Y) ? y.Place(point.Y, Low, Top) : double.NaN)).ToArray();
        using var group = html.Open("g", ("class", $"{series.Style.ToString().ToLowerInvariant()} {series.Class}"), ("opacity", series.Opacity < 1 ? Figures.Tick(series.Opacity) : null));
        if (series.Style != SeriesStyle.Marks)
        {
            html.Leaf("title", series.Name);
            html.Void("path", ("d", PathOf(points.Select(at => (at.X, at.Y)))));
            return;
        }
        foreach (var (point, atX, atY) in points.Where(at => double.IsFinite(at.Y)))
        {
            if (point.Error > 0 && double.IsFinite(point.Error))
                html.Void("path", ("d", $"M{Figures.Pixel(atX)} {Figures.Pixel(y.Place(point.Y - point.Error, Low, Top))}V{Figures.Pixel(y.Place(point.Y + point.Error, Low, Top))}"));
            using (html.Open("circle", ("cx", Figures.Pixel(atX)), ("cy", Figures.Pixel(atY)), ("r", "3.5")))
                html.Leaf("title", $"{series.Name}, {Figures.Tick(point.X)}: {Figures.LossWithError(point.Y, point.Error)}");
        }
    }

    private void Draw(HtmlBuilder html, Cut cut, int number, Axis axis)
    {
        var x = axis.Place(cut.X, Left, Wide - Right);
        html.Void("line", ("class", "cut"), ("x1", Figures.Pixel(x)), ("x2", Figures.Pixel(x)), ("y1", Figures.Pixel(Top)), ("y2", Figures.Pixel(Low)));
        var before = x > Wide / 2;
        html.Leaf("text", cut.Label, ("class", before ? "end cut" : "cut"), ("x", Figures.Pixel(x + (before ? -5 : 5))), ("y", Figures.Pixel(Top + 12 + 14 * number)));
    }

    /// <summary>A path through the finite points; a lone one becomes a dot (a line of no length with round ends).</summary>
    private static string PathOf(IEnumerable<(double X, double Y)> points)
    {
        var path = new StringBuilder();
        var (pen, lone) = (false, false);
        foreach (var (x, y) in points)
        {
            if (!double.IsFinite(y))
            {
                path.Append(lone ? "h0" : "");
                (pen, lone) = (false, false);
                continue;
            }
            path.Append(pen ? 'L' : 'M').Append(Figures.Pixel(x)).Append(' ').Append(Figures.Pixel(y));
            (pen, lone) = (true, !pen);
        }
        return path.Append(lone ? "h0" : "").ToString();
    }
}

using System.Text;
using Espalier.Reports.Html;

namespace Espalier.Reports.Charts;

/// <summary>A vertical line with a label: a cut.</summary>
internal sealed record Cut(double X, string Label);

/// <summary>A chart of lines and marks over two axes, as SVG. Draws what it is given: one point, none, NaN.</summary>
internal sealed record SvgChart
{
    private const double Left = 60, Edge = 6;

    /// <summary>Series that the description names.</summary>
    private const int MostDescribed = 8;

    /// <summary>What it shows, for those who cannot see it.</summary>
    internal required string Title { get; init; }

    internal required string XLabel { get; init; }

    internal required string YLabel { get; init; }

    /// <summary>Label of the right-hand axis, for <see cref="SeriesStyle.Secondary"/>.</summary>
    internal string SecondaryLabel { get; init; } = "";

    /// <summary>Series, those behind first.</summary>
    internal required IReadOnlyList<Series> Series { get; init; }

    internal IReadOnlyList<Cut> Cuts { get; init; } = [];

    /// <summary>The vertical axis; by default one that holds all but the extremes of the faint series.</summary>
    internal Axis? Y { get; init; }

    /// <summary>Whether the horizontal axis counts: then it has no ticks between whole numbers, and need not begin at 0.</summary>
    internal bool WholeX { get; init; }

    /// <summary>Whether the horizontal axis begins at 0.</summary>
    internal bool FromZero { get; init; } = true;

    /// <summary>Units.</summary>
    internal double Height { get; init; } = 240;

    private double Low => Height - ChartFrame.Bottom;

    private double Right => ChartFrame.Wide - (HasSecondary ? 60 : 22);

    private bool HasSecondary =>
        Series.Any(series => series.Style == SeriesStyle.Secondary && series.Points.Any(point => double.IsFinite(point.Y)));

    internal void Write(HtmlBuilder html)
    {
        var x = Axis.Over(
            Series.SelectMany(series => series.Points).Select(point => point.X).Concat(Cuts.Select(cut => cut.X))
                .Concat(FromZero ? [0] : []), FromZero ? 0 : 0.06);
        if (WholeX)
            x = x with { Ticks = [.. x.Ticks.Where(tick => tick == Math.Floor(tick))] };
        var y = Y ?? Axis.Over(Series.SelectMany(Visible), margin: 0.05);
        var secondary =
            Axis.Over(Series.Where(series => series.Style == SeriesStyle.Secondary).SelectMany(series => series.Points)
                .Select(point => point.Y).Append(0), margin: 0.05);
        using var svg = ChartFrame.Open(html, Height, Title, Description());
        Frame(html, x, y);
        if (HasSecondary)
            SecondaryAxis(html, secondary);
        // A nested svg cuts off what leaves the plot, but for the half of a mark on its edge.
        var (left, top) = (Figures.Pixel(Left - Edge), Figures.Pixel(ChartFrame.Top - Edge));
        var (width, height) = (Figures.Pixel(Right - Left + 2 * Edge), Figures.Pixel(Low - ChartFrame.Top + 2 * Edge));
        using (html.Open("svg", ("x", left), ("y", top), ("width", width), ("height", height),
            ("viewBox", $"{left} {top} {width} {height}")))
            foreach (var series in Series)
                Draw(html, series, x, series.Style == SeriesStyle.Secondary ? secondary : y);
        Labels(html, x, y);
        for (var i = 0; i < Cuts.Count; i++)
            Draw(html, Cuts[i], i, x);
    }

    /// <summary>The ends of the lines in words.</summary>
    private string Description()
    {
        var named = Series.Where(series => series.Style == SeriesStyle.Line)
            .Select(series => (series.Name, Points: series.Points.Where(point => double.IsFinite(point.Y)).ToArray()))
            .Where(series => series.Points.Length > 0).ToArray();
        var text = string.Join("; ", named.Take(MostDescribed).Select(series => series.Points.Length == 1
            ? $"{series.Name}: {Figures.Short(series.Points[0].Y)} at {Figures.Tick(series.Points[0].X)}"
            : $"{series.Name}: from {Figures.Short(series.Points[0].Y)} at {Figures.Tick(series.Points[0].X)} to "
                + $"{Figures.Short(series.Points[^1].Y)} at {Figures.Tick(series.Points[^1].X)}"));
        return named.Length > MostDescribed ? $"{text}; and {named.Length - MostDescribed} more" : text;
    }

    private static IEnumerable<double> Visible(Series series) => series.Style switch
    {
        SeriesStyle.Secondary => [],
        SeriesStyle.Faint => Binning.Middle([.. series.Points.Select(point => point.Y)], 0.01),
        _ => series.Points.SelectMany(point => new[] { point.Y - point.Error, point.Y + point.Error }),
    };

    private void Frame(HtmlBuilder html, Axis x, Axis y)
    {
        ChartFrame.Values(html, y, Left, Right, Low);
        foreach (var tick in x.Ticks)
        {
            var at = Figures.Pixel(x.Place(tick, Left, Right));
            html.Void("line", ("class", "axis"), ("x1", at), ("x2", at), ("y1", Low), ("y2", Low + 4));
            html.Leaf("text", Figures.Tick(tick), ("class", "middle"), ("x", at), ("y", Low + 18));
        }
        html.Void("path", ("class", "axis"),
            ("d", $"M{Figures.Pixel(Left)} {Figures.Pixel(ChartFrame.Top)}V{Figures.Pixel(Low)}H{Figures.Pixel(Right)}"));
        ChartFrame.XLabel(html, XLabel, (Left + Right) / 2, Height);
        ChartFrame.YLabel(html, YLabel);
    }

    private void SecondaryAxis(HtmlBuilder html, Axis axis)
    {
        foreach (var tick in axis.Ticks)
            html.Leaf("text", Figures.Tick(tick), ("x", Right + 6), ("y", axis.Place(tick, Low, ChartFrame.Top)), ("dy", "0.35em"));
        html.Leaf("text", SecondaryLabel, ("class", "end label"), ("x", ChartFrame.Wide), ("y", Height - 6));
    }

    private void Draw(HtmlBuilder html, Series series, Axis x, Axis y)
    {
        var points = series.Points.Select(point => (point, X: x.Place(point.X, Left, Right), Y: At(point, y))).ToArray();
        using var group =
            html.Open("g", ("class", $"{series.Style.ToString().ToLowerInvariant()} {series.Class}"),
                ("opacity", series.Opacity < 1 ? Figures.Tick(series.Opacity) : null));
        if (series.Style != SeriesStyle.Marks)
        {
            html.Leaf("title", series.Name);
            html.Void("path", ("d", PathOf(points.Select(at => (at.X, at.Y)))));
            return;
        }
        foreach (var (point, atX, atY) in points.Where(at => double.IsFinite(at.Y)))
        {
            if (point.Error > 0 && double.IsFinite(point.Error))
                html.Void("path",
                    ("d", $"M{Figures.Pixel(atX)} {Figures.Pixel(y.Place(point.Y - point.Error, Low, ChartFrame.Top))}V"
                        + $"{Figures.Pixel(y.Place(point.Y + point.Error, Low, ChartFrame.Top))}"));
            Mark.Write(html, series.Shape, atX, atY,
                $"{series.Name}, {Figures.Tick(point.X)}: "
                    + $"{(point.Error == 0 ? Figures.Loss(point.Y) : Figures.LossWithError(point.Y, point.Error))}");
        }
    }

    private void Labels(HtmlBuilder html, Axis x, Axis y)
    {
        if (!Series.Any(series => series.Points.Any(point => point.Label is not null)))
            return;
        var labels = new PointLabels(Left, ChartFrame.Wide);
        var points = Series.Where(series => series.Style == SeriesStyle.Marks).SelectMany(series => series.Points)
            .Select(point => (point.Label, X: x.Place(point.X, Left, Right), Y: At(point, y))).Where(at => double.IsFinite(at.Y)).ToArray();
        foreach (var point in points)
            labels.Keep(point.X, point.Y);
        foreach (var point in points.Where(point => point.Label is not null))
            labels.Write(html, point.Label!, point.X, point.Y);
    }

    private double At(Point point, Axis y) => double.IsFinite(point.Y) ? y.Place(point.Y, Low, ChartFrame.Top) : double.NaN;

    private void Draw(HtmlBuilder html, Cut cut, int number, Axis axis)
    {
        var x = axis.Place(cut.X, Left, Right);
        html.Void("line", ("class", "cut"), ("x1", x), ("x2", x), ("y1", ChartFrame.Top), ("y2", Low));
        var before = x > ChartFrame.Wide / 2;
        html.Leaf("text", cut.Label, ("class", before ? "end cut" : "cut"), ("x", x + (before ? -5 : 5)),
            ("y", ChartFrame.Top + 13 + 16 * number));
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

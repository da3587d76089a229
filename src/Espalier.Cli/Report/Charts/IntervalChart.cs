namespace Espalier.Cli.Report.Charts;

/// <summary>A value with its interval.</summary>
internal sealed record Interval(string Name, double Value, double Half);

/// <summary>Values with their intervals below each other: what differs, and what may be chance.</summary>
internal sealed record IntervalChart(string Title, string XLabel, IReadOnlyList<Interval> Intervals)
{
    private const double Left = 230, Right = 70, Top = 6, Row = 24, Bottom = 38, Wide = 760;
    private const int LongestName = 36;

    /// <summary>Writes the chart.</summary>
    internal void Write(HtmlBuilder html)
    {
        var x = Axis.Over(Intervals.SelectMany(one => new[] { one.Value - one.Half, one.Value + one.Half }), margin: 0.06, about: 6);
        var low = Top + Row * Intervals.Count;
        using var svg = html.Open("svg", ("viewBox", $"0 0 {Figures.Pixel(Wide)} {Figures.Pixel(low + Bottom)}"), ("role", "img"), ("aria-label", Title));
        foreach (var tick in x.Ticks)
        {
            var at = Figures.Pixel(x.Place(tick, Left, Wide - Right));
            html.Void("line", ("class", "grid"), ("x1", at), ("x2", at), ("y1", Figures.Pixel(Top)), ("y2", Figures.Pixel(low)));
            html.Leaf("text", Figures.Tick(tick), ("class", "middle"), ("x", at), ("y", Figures.Pixel(low + 14)));
        }
        for (var i = 0; i < Intervals.Count; i++)
            Draw(html, Intervals[i], Top + Row * (i + 0.5), x);
        html.Leaf("text", XLabel, ("class", "middle label"), ("x", Figures.Pixel((Left + Wide - Right) / 2)), ("y", Figures.Pixel(low + 31)));
    }

    private static void Draw(HtmlBuilder html, Interval one, double y, Axis x)
    {
        var name = one.Name.Length <= LongestName ? one.Name : one.Name[..(LongestName - 1)] + "…";
        html.Leaf("text", name, ("class", "end"), ("x", Figures.Pixel(Left - 8)), ("y", Figures.Pixel(y)), ("dy", "0.35em"));
        html.Leaf("text", Figures.Loss(one.Value), ("x", Figures.Pixel(Wide - Right + 8)), ("y", Figures.Pixel(y)), ("dy", "0.35em"));
        if (!double.IsFinite(one.Value))
            return;
        using var group = html.Open("g", ("class", "marks c0"));
        if (one.Half > 0 && double.IsFinite(one.Half))
            html.Void("path", ("d", $"M{Figures.Pixel(x.Place(one.Value - one.Half, Left, Wide - Right))} {Figures.Pixel(y)}H{Figures.Pixel(x.Place(one.Value + one.Half, Left, Wide - Right))}"));
        using (html.Open("circle", ("cx", Figures.Pixel(x.Place(one.Value, Left, Wide - Right))), ("cy", Figures.Pixel(y)), ("r", "4")))
            html.Leaf("title", $"{one.Name}: {Figures.LossWithError(one.Value, one.Half)}");
    }
}

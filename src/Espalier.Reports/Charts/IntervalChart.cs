using Espalier.Reports.Html;

namespace Espalier.Reports.Charts;

/// <summary>A value with its 95 % interval.</summary>
internal sealed record Interval(string Name, double Value, double Half);

/// <summary>Values with their intervals below each other, each below its name: what differs, and what may be chance.</summary>
internal sealed record IntervalChart(string Title, string XLabel, IReadOnlyList<Interval> Intervals)
{
    private const double Left = 14, Right = ChartFrame.Wide - 14, Top = 4, Row = 38, Line = 14, ValueWide = 90;

    /// <summary>Whether 0 is on the axis, with a line: for differences.</summary>
    internal bool Zero { get; init; }

    /// <summary>Whether values are written with their signs.</summary>
    internal bool Signed { get; init; }

    /// <summary>How values are written where they have no signs; three decimals by default.</summary>
    internal Func<double, string> Shown { get; init; } = Figures.Loss;

    internal void Write(HtmlBuilder html)
    {
        var x = Axis.Over(Intervals.SelectMany(one => new[] { one.Value - one.Half, one.Value + one.Half }).Concat(Zero ? [0] : []),
            margin: 0.06);
        var low = Top + Row * Intervals.Count;
        using var svg = ChartFrame.Open(html, low + ChartFrame.Bottom, Title, string.Join("; ", Intervals.Select(Label)));
        foreach (var tick in x.Ticks)
        {
            var at = Figures.Pixel(x.Place(tick, Left, Right));
            html.Void("line", ("class", Zero && tick == 0 ? "axis" : "grid"), ("x1", at), ("x2", at), ("y1", Top), ("y2", low));
            html.Leaf("text", Figures.Tick(tick), ("class", "middle"), ("x", at), ("y", low + 16));
        }
        for (var i = 0; i < Intervals.Count; i++)
            Draw(html, Intervals[i], Top + Row * i, x);
        ChartFrame.XLabel(html, XLabel, ChartFrame.Wide / 2, low + ChartFrame.Bottom);
    }

    private string Value(double value) => Signed ? Figures.Signed(value) : Shown(value);

    private string Label(Interval one) => $"{one.Name}: {Value(one.Value)}"
        + (HasInterval(one) ? $", 95 % interval {Value(one.Value - one.Half)} to {Value(one.Value + one.Half)}" : "");

    private static bool HasInterval(Interval one) => one.Half > 0 && double.IsFinite(one.Half);

    private void Draw(HtmlBuilder html, Interval one, double top, Axis x)
    {
        html.Leaf("text", ChartFrame.Fit(one.Name, ChartFrame.Wide - ValueWide), ("class", "halo"), ("x", "0"), ("y", top + Line));
        html.Leaf("text", Value(one.Value), ("class", "end halo"), ("x", ChartFrame.Wide), ("y", top + Line));
        if (!double.IsFinite(one.Value))
            return;
        var y = top + Line + 13;
        using var group = html.Open("g", ("class", "marks c0"));
        if (HasInterval(one))
            html.Void("path",
                ("d", $"M{Figures.Pixel(x.Place(one.Value - one.Half, Left, Right))} {Figures.Pixel(y)}H"
                    + $"{Figures.Pixel(x.Place(one.Value + one.Half, Left, Right))}"));
        Mark.Write(html, 0, x.Place(one.Value, Left, Right), y, Label(one));
    }
}

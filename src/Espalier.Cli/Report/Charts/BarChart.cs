namespace Espalier.Cli.Report.Charts;

/// <summary>A bar for each of a few things, some of them marked.</summary>
internal sealed record BarChart
{
    private const double Left = 58, Right = 8, Top = 14, Bottom = 38, Wide = 760, Height = 200;

    /// <summary>What it shows, for those who cannot see it.</summary>
    internal required string Title { get; init; }

    /// <summary>Label of the bars.</summary>
    internal required string XLabel { get; init; }

    /// <summary>Label of the values.</summary>
    internal required string YLabel { get; init; }

    /// <summary>Lengths; what is not finite has no bar.</summary>
    internal required IReadOnlyList<double> Values { get; init; }

    /// <summary>Bars of the other colour, with a cross above.</summary>
    internal required IReadOnlySet<int> Marked { get; init; }

    /// <summary>What the mark means, for tooltips.</summary>
    internal required string Mark { get; init; }

    /// <summary>Writes the chart.</summary>
    internal void Write(HtmlBuilder html)
    {
        var low = Height - Bottom;
        var y = Axis.Over(Values.Append(0), margin: 0.02, about: 4);
        var width = (Wide - Left - Right) / Math.Max(1, Values.Count);
        using var svg = html.Open("svg", ("viewBox", $"0 0 {Figures.Pixel(Wide)} {Figures.Pixel(Height)}"), ("role", "img"), ("aria-label", Title));
        foreach (var tick in y.Ticks)
        {
            var at = Figures.Pixel(y.Place(tick, low, Top));
            html.Void("line", ("class", "grid"), ("x1", Figures.Pixel(Left)), ("x2", Figures.Pixel(Wide - Right)), ("y1", at), ("y2", at));
            html.Leaf("text", Figures.Tick(tick), ("class", "end"), ("x", Figures.Pixel(Left - 6)), ("y", at), ("dy", "0.35em"));
        }
        var every = Math.Max(1, (int)Math.Ceiling(22 / width));
        for (var i = 0; i < Values.Count; i++)
        {
            var middle = Left + (i + 0.5) * width;
            if (i % every == 0)
                html.Leaf("text", Figures.Exact(i), ("class", "middle"), ("x", Figures.Pixel(middle)), ("y", Figures.Pixel(low + 14)));
            if (double.IsFinite(Values[i]))
                Bar(html, i, middle, Math.Min(width * 0.8, 60), y.Place(0, low, Top), y.Place(Values[i], low, Top));
        }
        html.Leaf("text", XLabel, ("class", "middle label"), ("x", Figures.Pixel((Left + Wide - Right) / 2)), ("y", Figures.Pixel(Height - 6)));
        var half = Figures.Pixel((Top + low) / 2);
        html.Leaf("text", YLabel, ("class", "middle label"), ("x", "13"), ("y", half), ("transform", $"rotate(-90 13 {half})"));
    }

    private void Bar(HtmlBuilder html, int i, double middle, double width, double zero, double value)
    {
        var marked = Marked.Contains(i);
        using (html.Open("rect", ("class", marked ? "bar c1" : "bar c0"), ("x", Figures.Pixel(middle - width / 2)), ("width", Figures.Pixel(width)),
            ("y", Figures.Pixel(Math.Min(zero, value))), ("height", Figures.Pixel(Math.Max(1, Math.Abs(zero - value))))))
            html.Leaf("title", $"{i}: {Figures.Loss(Values[i])}{(marked ? $", {Mark}" : "")}");
        if (marked)
            html.Leaf("text", "✕", ("class", "middle cut"), ("x", Figures.Pixel(middle)), ("y", Figures.Pixel(Math.Min(zero, value) - 3)));
    }
}

using Espalier.Reports.Html;

namespace Espalier.Reports.Charts;

/// <summary>A bar for each of a few things, some of them marked.</summary>
internal sealed record BarChart
{
    private const double Left = 60, Right = ChartFrame.Wide - 8, Top = ChartFrame.Top + 8, Height = 200, Character = 9;

    /// <summary>What it shows, for those who cannot see it.</summary>
    internal required string Title { get; init; }

    internal required string XLabel { get; init; }

    internal required string YLabel { get; init; }

    /// <summary>Lengths; what is not finite has no bar.</summary>
    internal required IReadOnlyList<double> Values { get; init; }

    /// <summary>Bars of the other colour, with a cross above.</summary>
    internal required IReadOnlySet<int> Marked { get; init; }

    /// <summary>What the mark means, for tooltips.</summary>
    internal required string Mark { get; init; }

    internal void Write(HtmlBuilder html)
    {
        var low = Height - ChartFrame.Bottom;
        var y = Axis.Over(Values.Append(0), margin: 0.02, about: 4);
        var width = (Right - Left) / Math.Max(1, Values.Count);
        using var svg = ChartFrame.Open(html, Height, Title, string.Join("; ", Values.Select((_, i) => Label(i))));
        ChartFrame.Values(html, y, Left, Right, low, Top);
        // No number touches its neighbour.
        var every = Math.Max(1, (int)Math.Ceiling((Units.Exact(Values.Count).Length * Character + 6) / width));
        for (var i = 0; i < Values.Count; i++)
        {
            var middle = Left + (i + 0.5) * width;
            if (i % every == 0)
                html.Leaf("text", Units.Exact(i), ("class", "middle"), ("x", middle), ("y", low + 16));
            if (double.IsFinite(Values[i]))
                Bar(html, i, middle, Math.Min(width * 0.8, 60), y.Place(0, low, Top), y.Place(Values[i], low, Top));
        }
        ChartFrame.XLabel(html, XLabel, (Left + Right) / 2, Height);
        ChartFrame.YLabel(html, YLabel);
    }

    private string Label(int i) => $"{i}: {Figures.Loss(Values[i])}{(Marked.Contains(i) ? $", {Mark}" : "")}";

    private void Bar(HtmlBuilder html, int i, double middle, double width, double zero, double value)
    {
        var marked = Marked.Contains(i);
        using (html.Open("rect", ("class", marked ? "bar c1" : "bar c0"), ("x", middle - width / 2), ("width", width),
            ("y", Math.Min(zero, value)), ("height", Math.Max(1, Math.Abs(zero - value)))))
            html.Leaf("title", Label(i));
        if (marked)
            html.Leaf("text", "✕", ("class", "middle cut"), ("x", middle), ("y", Math.Min(zero, value) - 3));
    }
}

using Espalier.Reports.Html;

namespace Espalier.Reports.Charts;

/// <summary>
/// What all charts share. They are drawn for a page of 400 pixels: 480 units wide, with letters of 14 units and the label of the vertical
/// axis above it; on a wide page the picture grows and the style makes the letters smaller in it.
/// </summary>
internal static class ChartFrame
{
    /// <summary>Width of all charts.</summary>
    internal const double Wide = 480;

    /// <summary>Where the plot begins below the label of the vertical axis.</summary>
    internal const double Top = 26;

    /// <summary>Room for ticks and label below the plot.</summary>
    internal const double Bottom = 44;

    // Letters of 14 units are about as wide as this.
    private const double Character = 8.2;

    /// <summary>Opens a chart: its title for those who cannot see it, and a description that a screen reader can go on to.</summary>
    internal static HtmlBuilder.Scope Open(HtmlBuilder html, double height, string title, string description)
    {
        var id = description.Length > 0 ? html.NextId() : null;
        var scope =
            html.Open("svg", ("viewBox", $"0 0 {Figures.Pixel(Wide)} {Figures.Pixel(height)}"), ("role", "img"), ("aria-label", title),
                ("aria-describedby", id));
        if (id is not null)
            html.Leaf("desc", description, ("id", id));
        return scope;
    }

    /// <summary>Horizontal lines with their values.</summary>
    internal static void Values(HtmlBuilder html, Axis y, double left, double right, double low, double top = Top)
    {
        foreach (var tick in y.Ticks)
        {
            var at = Figures.Pixel(y.Place(tick, low, top));
            html.Void("line", ("class", "grid"), ("x1", left), ("x2", right), ("y1", at), ("y2", at));
            html.Leaf("text", Figures.Tick(tick), ("class", "end"), ("x", left - 5), ("y", at), ("dy", "0.35em"));
        }
    }

    /// <summary>The label of the vertical axis, above it.</summary>
    internal static void YLabel(HtmlBuilder html, string label) =>
        html.Leaf("text", Fit(label, Wide), ("class", "label"), ("x", "0"), ("y", "14"));

    /// <summary>The label of the horizontal axis, below its middle.</summary>
    internal static void XLabel(HtmlBuilder html, string label, double middle, double height)
    {
        var half = Math.Min(middle, Wide - middle);
        html.Leaf("text", Fit(label, 2 * half), ("class", "middle label"), ("x", middle), ("y", height - 6));
    }

    /// <summary>A text that is not wider than so many units, cut where it must be.</summary>
    internal static string Fit(string text, double width)
    {
        var most = (int)(width / Character);
        return text.Length <= most ? text : text[..Math.Max(1, most - 1)] + "…";
    }
}

using Espalier.Reports.Html;

namespace Espalier.Reports.Charts;

/// <summary>What the colours and strokes of a chart mean.</summary>
internal static class Legend
{
    /// <summary>Writes an entry for each series, drawn as it is in the chart.</summary>
    internal static void Write(HtmlBuilder html, params IReadOnlyList<Series> entries)
    {
        using var list = html.Open("ul", ("class", "legend"));
        foreach (var entry in entries)
            using (html.Open("li"))
            {
                using (html.Open("svg", ("viewBox", "0 0 30 10"), ("aria-hidden", "true")))
                using (html.Open("g", ("class", $"{entry.Style.ToString().ToLowerInvariant()} {entry.Class}")))
                    if (entry.Style == SeriesStyle.Marks)
                        Mark.Write(html, entry.Shape, 15, 5, tooltip: null);
                    else
                        html.Void("path", ("d", "M2 5H28"));
                html.Text(entry.Name);
            }
    }
}

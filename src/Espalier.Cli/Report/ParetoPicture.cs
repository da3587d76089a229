using Espalier.Cli.Report.Charts;
using Espalier.Compression.Search;

namespace Espalier.Cli.Report;

/// <summary>Loss of a search's candidates against what they cost: one chart for parameters and each latency. Losses of one rung are comparable, so each has its own marks and front.</summary>
internal static class ParetoPicture
{
    private const double Millisecond = 1e-3, Million = 1e6;

    /// <summary>A page of its own that needs no network and no script.</summary>
    internal static void Write(Stream stream, SearchResult result)
    {
        using var output = new StreamWriter(stream, leaveOpen: true);
        using var html = new HtmlBuilder(output);
        html.Doctype();
        using var page = html.Open("html", ("lang", "en"));
        ReportWriter.Head(html, "search");
        using var body = html.Open("body");
        using var main = html.Open("main");
        html.Leaf("h1", "Espalier: search");
        Write(html, result);
    }

    /// <summary>The charts.</summary>
    internal static void Write(HtmlBuilder html, SearchResult result)
    {
        html.Leaf("p", "How to read it: a circle is a candidate after so many steps, its bar ± one standard error of its held-out loss; a line joins those of one rung that nothing beats in both. "
            + "Candidates that were left out at a rung have no circle at the next. Latency is the sum of layers that were timed on this machine.", ("class", "how"));
        Chart(html, result, "parameters", "million parameters", row => row.Parameters / Million);
        Chart(html, result, "prefill", "milliseconds of the first pass", row => row.PrefillSeconds / Millisecond);
        Chart(html, result, "decode", "milliseconds of a further token", row => row.DecodeSeconds / Millisecond);
    }

    private static void Chart(HtmlBuilder html, SearchResult result, string name, string label, Func<CandidateRow, double?> cost)
    {
        if (result.Candidates.Any(row => cost(row) is null))
            return;
        var heldOut = result.Candidates[0].Losses[0].Set;
        var rungs = result.Candidates.SelectMany(row => row.Losses.Where(loss => loss.Set == heldOut).Select(loss => (Row: row, Loss: loss))).GroupBy(entry => entry.Loss.Steps).OrderBy(rung => rung.Key).ToArray();
        var series = new List<Series>();
        foreach (var (number, rung) in rungs.Index())
        {
            var front = ParetoFront.Of(rung, entry => cost(entry.Row)!.Value, entry => entry.Loss.Nll);
            series.Add(new($"front after {rung.Key} steps", number, SeriesStyle.Line, [.. front.Select(entry => new Point(cost(entry.Row)!.Value, entry.Loss.Nll))]));
            series.AddRange(rung.OrderBy(entry => cost(entry.Row)).Select(entry => new Series(
                $"{entry.Row.Name} (layers/heads/ffn/hidden) after {rung.Key} steps", number, SeriesStyle.Marks, [new(cost(entry.Row)!.Value, entry.Loss.Nll, entry.Loss.NllStandardError)])));
        }
        html.Leaf("h3", $"Loss against {name}");
        Legend.Write(html, [.. rungs.Select((rung, number) => new Series($"after {rung.Key} steps", number, SeriesStyle.Marks, []))]);
        new SvgChart { Title = $"held-out NLL against {name}", XLabel = label, YLabel = "held-out NLL", Series = series }.Write(html);
    }
}

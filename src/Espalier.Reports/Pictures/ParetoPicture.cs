using Espalier.Compression.Search;
using Espalier.Pipeline.Cards;
using Espalier.Reports.Charts;
using Espalier.Reports.Html;

namespace Espalier.Reports.Pictures;

/// <summary>
/// Loss of a search's candidates against what they cost: one chart for parameters and each latency. Losses of one rung are comparable, so
/// each has its own marks and front.
/// </summary>
internal static class ParetoPicture
{
    private const double Millisecond = 1e-3, Million = 1e6;

    /// <summary>A page of its own that needs no network and no script.</summary>
    public static void Write(Stream stream, SearchResult result)
    {
        using var output = new StreamWriter(stream, leaveOpen: true);
        HtmlPage.Write(output, "search", "Espalier: search", html =>
        {
            html.Leaf("p", $"The search {result.Why}.", ("class", "lead"));
            Table(html, result);
            Write(html, result);
        });
    }

    /// <summary>The candidates, best first; the numbers of the ranks name the marks of the charts.</summary>
    internal static void Table(HtmlBuilder html, SearchResult result)
    {
        var (prefill, decode) =
            (result.Candidates.Any(row => row.PrefillSeconds is not null), result.Candidates.Any(row => row.DecodeSeconds is not null));
        var keys = result.Candidates[0].Keys.Replace("/", " / ", StringComparison.Ordinal);
        var table = new HtmlTable([">Rank", $"{char.ToUpperInvariant(keys[0])}{keys[1..]}", ">By proxy", ">Parameters",
            ">Non-embedding", ">Steps", ">Held-out NLL", ">SE", .. prefill ? [">First pass, ms"] : Array.Empty<Column>(),
            .. decode ? [">Further token, ms"] : Array.Empty<Column>()]);
        foreach (var row in result.Candidates)
        {
            var last = row.LastHeldOut;
            table.Add(row.Rank == 1 ? "student" : null, [Units.Exact(row.Rank), row.Name, Units.Exact(row.ProxyRank),
                Units.Count(row.Parameters), Units.Count(row.NonEmbeddingParameters), Units.Exact(last.Steps), Figures.Loss(last.Nll),
                Figures.Loss(last.NllStandardError), .. prefill ? [Milliseconds(row.PrefillSeconds)] : Array.Empty<Cell>(),
                .. decode ? [Milliseconds(row.DecodeSeconds)] : Array.Empty<Cell>()]);
        }
        table.Write(html);
        if (ComparedLosses.AreThere(result))
            Compared(html, result);
    }

    /// <summary>What candidates were ordered by, where that is more than the held-out text.</summary>
    private static void Compared(HtmlBuilder html, SearchResult result)
    {
        html.Note(
            "Candidates are ordered by their mean rank on all of these: on texts by loss, on benchmarks by the measure that docs/recipe.md "
                + "says; lower is better. Each number comes from the last rung that the candidate reached, ± one standard error over windows or "
                + "documents; the last column is the difference from the best candidate of that rung on the same windows or documents. "
                + "Each benchmark is shown with its measure.");
        var table = new HtmlTable(ComparedLosses.Columns(result));
        foreach (var (row, cells) in ComparedLosses.Lines(result))
            table.Add(row.Rank == 1 ? "student" : null, [.. cells.Select(cell => cell)]);
        table.Write(html);
    }

    /// <summary>The charts.</summary>
    internal static void Write(HtmlBuilder html, SearchResult result)
    {
        html.Note(
            "How to read it: a mark is a candidate after that many steps, its bar ± one standard error of its "
                + "held-out loss; a line joins the Pareto front of one rung. The number next to "
                + "its last mark is the candidate's rank in the table. Candidates dropped at a rung "
                + "have no mark at the next. Latency is the sum of layer times measured on this machine.");
        Chart(html, result, "parameters", "parameters", "parameters, millions", row => row.Parameters / Million);
        Chart(html, result, "prefill", "prefill time", "first pass over the context, milliseconds",
            row => row.PrefillSeconds / Millisecond);
        Chart(html, result, "decode", "time per generated token", "generated token, milliseconds",
            row => row.DecodeSeconds / Millisecond);
    }

    private static void Chart(HtmlBuilder html, SearchResult result, string name, string what, string label,
        Func<CandidateRow, double?> cost)
    {
        if (result.Candidates.Any(row => cost(row) is null))
            return;
        var heldOut = result.Candidates[0].Losses[0].Set;
        var rungs =
            result.Candidates.SelectMany(row => row.Losses.Where(loss => loss.Set == heldOut).Select(loss => (Row: row, Loss: loss)))
            .GroupBy(entry => entry.Loss.Steps).OrderBy(rung => rung.Key).ToArray();
        var series = new List<Series>();
        foreach (var (number, rung) in rungs.Index())
        {
            var front = ParetoFront.Of(rung, entry => cost(entry.Row)!.Value, entry => entry.Loss.Nll);
            series.Add(
                new($"front after {rung.Key} steps", number, SeriesStyle.Line,
                    [.. front.Select(entry => new Point(cost(entry.Row)!.Value, entry.Loss.Nll))]));
            series.AddRange(rung.OrderBy(entry => cost(entry.Row)).Select(entry => new Series(
                $"{entry.Row.Name} ({entry.Row.Keys}), rank {Units.Exact(entry.Row.Rank)}, after {rung.Key} steps", number,
                SeriesStyle.Marks,
                [new(cost(entry.Row)!.Value, entry.Loss.Nll, entry.Loss.NllStandardError, entry.Loss == entry.Row.LastHeldOut
                    ? Units.Exact(entry.Row.Rank) : null)])));
        }
        html.Leaf("h3", $"Loss against {what}");
        Legend.Write(html, [.. rungs.Select((rung, number) => new Series($"after {rung.Key} steps", number, SeriesStyle.Marks, []))]);
        new SvgChart
        {
            Title = $"held-out NLL against {name}",
            XLabel = label,
            YLabel = "held-out NLL, nats per token",
            Series = series,
            FromZero = false,
            Height = 300
        }.Write(html);
    }

    private static Cell Milliseconds(double? seconds) =>
        new(seconds is { } time ? (time / Millisecond).ToString("0.0##", CultureInfo.InvariantCulture) : Figures.None);
}

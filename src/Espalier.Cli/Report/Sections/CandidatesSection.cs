using Espalier.Cli.Rendering;
using Espalier.Compression.Search;

namespace Espalier.Cli.Report.Sections;

/// <summary>Shapes that a search compared.</summary>
internal static class CandidatesSection
{
    internal static void Write(HtmlBuilder html, ReportRun run)
    {
        if (run.Arms.All(arm => arm.Result.Search is null))
            return;
        html.Leaf("h2", "Candidates");
        foreach (var arm in run.Arms)
            if (arm.Result.Search is { } search)
            {
                if (run.HasArms)
                    html.Leaf("h3", arm.Name);
                Table(html, search);
                html.Leaf("p", $"The search {search.Why}.{(search.ProxySpearman is { } spearman ? $" Spearman of the order before training and in the end: {Figures.Signed(spearman)}." : "")}");
                ParetoPicture.Write(html, search);
            }
    }

    private static void Table(HtmlBuilder html, SearchResult search)
    {
        var table = new HtmlTable(
            ("Layers / heads / ffn / hidden", false), ("Rank", true), ("By proxy", true), ("Parameters", true), ("Without embedding", true), ("Steps", true), ("Held-out NLL", true), ("SE", true));
        foreach (var row in search.Candidates)
        {
            var last = row.LastHeldOut;
            table.Add(row.Rank == 1 ? "student" : null, new(row.Name), new(Figures.Exact(row.Rank)), new(Figures.Exact(row.ProxyRank)), new(Units.Count(row.Parameters)),
                new(Units.Count(row.NonEmbeddingParameters)), new(Figures.Exact(last.Steps)), new(Figures.Loss(last.Nll)), new(Figures.Loss(last.NllStandardError)));
        }
        table.Write(html);
    }
}

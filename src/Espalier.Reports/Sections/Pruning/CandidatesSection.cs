using Espalier.Reports.Html;
using Espalier.Reports.Pictures;
using Espalier.Reports.Runs;

namespace Espalier.Reports.Sections.Pruning;

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
                ParetoPicture.Table(html, search);
                html.Leaf("p",
                    $"The search {search.Why}.{(search.ProxySpearman is { } spearman ? $" Spearman correlation of the order before training with the final one: {Figures.Signed(spearman)}." : "")}");
                ParetoPicture.Write(html, search);
            }
    }
}

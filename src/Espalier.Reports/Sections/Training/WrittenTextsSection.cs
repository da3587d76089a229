using Espalier.Reports.Html;
using Espalier.Reports.Runs;

namespace Espalier.Reports.Sections.Training;

/// <summary>Texts that the run's teacher wrote, and why some were not kept.</summary>
internal static class WrittenTextsSection
{
    internal static void Write(HtmlBuilder html, ReportRun run)
    {
        var stages = run.Stages
            .Where(stage => stage.Stage == "synthesize").Select(stage => (Stage: stage, run.Record(stage.Folder)?.Result))
            .Where(entry => entry.Result is not null).ToArray();
        if (stages.Length == 0)
            return;
        html.Leaf("h2", "Texts written by the teacher");
        html.Note("How to read it: of the teacher's texts, those suitable for training are kept; every other one is counted "
            + "under the first reason against it. Perplexity is that of the kept texts under the teacher itself at temperature 1.");
        var table = new HtmlTable("Stage", ">Written", "Dropped", ">Kept", ">Tokens kept", ">Perplexity");
        foreach (var (stage, result) in stages)
            table.Add(null,
                new(stage.Stage, stage.Folder),
                $"{(int?)result!["written"]}",
                string.Join(", ", (result["dropped"] as JsonObject ?? []).Select(reason => $"{(int?)reason.Value} {reason.Key}")),
                $"{(int?)result["kept"]}",
                (long?)result["kept_tokens"] is { } tokens ? Units.Count(tokens) : Figures.None,
                result["perplexity"].NumberOf() is { } perplexity ? FormattableString.Invariant($"{perplexity:0.00}") : Figures.None);
        table.Write(html);
    }
}

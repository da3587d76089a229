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
        html.Leaf("h2", "Texts that the teacher wrote");
        html.Note("How to read it: of the texts that the teacher wrote those are kept that are good to train on; each other one is counted "
            + "by the first reason against it. Perplexity is that of what was kept, under the teacher itself at temperature 1.");
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

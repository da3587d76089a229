using Espalier.Pipeline.Runs.Folders;
using Espalier.Pipeline.Runs.Logs;
using Espalier.Reports.Html;
using Espalier.Reports.Runs;

namespace Espalier.Reports.Sections.Facts;

/// <summary>What was checked of every model that the run made, and what that took.</summary>
internal static class ChecksSection
{
    internal static void Write(HtmlBuilder html, ReportRun run)
    {
        var stages = run.Stages
            .Select(stage => (Stage: stage, run.Record(stage.Folder)?.Checks)).Where(entry => entry.Checks is not null).ToArray();
        if (stages.Length == 0)
            return;
        html.Leaf("h2", "Checks");
        html.Note("How to read it: each stage that makes a model checks its output before it finishes; a failed check ends "
            + "the run. The time is that of the checks, with its share of the stage's time.");
        var table = new HtmlTable("Stage", "What held", ">Time", ">Of the stage");
        foreach (var (stage, checks) in stages)
        {
            var seconds = MetricsLines.Last(Path.Combine(RunLayout.StageOf(run.Folder, stage.Folder), RunLayout.Timing), "check_seconds");
            table.Add(null,
                new(stage.Stage, stage.Folder),
                string.Join("; ", checks!),
                seconds is { } took ? Figures.Time(took) : Figures.None,
                seconds is { } part ? Figures.Share(part, stage.Seconds) : Figures.None);
        }
        table.Write(html);
    }
}

using Espalier.Reports.Html;
using Espalier.Reports.Runs;

namespace Espalier.Reports.Sections.Facts;

/// <summary>What it cost, where it ran, and what went otherwise than asked.</summary>
internal static class CostsSection
{
    internal static void Write(HtmlBuilder html, ReportRun run)
    {
        html.Leaf("h2", "Costs");
        html.Note(
            "How to read it: wall-clock seconds over all starts of the run, of one that was killed those of the steps that it logged; a "
                + "stage that several arms share counts once. Tokens are those trained on.");
        Stages(html, run);
        html.Leaf("h3", "Machine");
        Machine(run).Write(html);
        Notes(html, "Warnings", run.Manifest.Warnings);
        Notes(html, "Requested but not done", run.Manifest.Refusals);
    }

    private static void Stages(HtmlBuilder html, ReportRun run)
    {
        var stages = run.Arms.SelectMany(arm => arm.Result.Stages.Select(stage => (Arm: arm, Stage: stage)))
            .GroupBy(entry => entry.Stage.Folder).ToArray();
        var table = new HtmlTable("Stage", "Folder", ">Time", ">Tokens", ">Tokens/s", ">Steps", ">Skipped steps");
        var total = 0.0;
        foreach (var group in stages)
        {
            var (arm, stage) = group.First();
            var curve = arm.Result.Metrics.Where(log => Path.GetFileName(Path.GetDirectoryName(log.Value)) == stage.Folder)
                .Select(log => arm.Curves[log.Key]).FirstOrDefault();
            var tokens = curve?.Tokens ?? double.NaN;
            total += double.IsFinite(stage.Seconds) ? stage.Seconds : 0;
            table.Add(null,
                new(stage.Stage, run.HasArms ? string.Join(", ", group.Select(entry => entry.Arm.Name).Distinct()) : null),
                stage.Folder,
                Figures.Time(stage.Seconds),
                double.IsFinite(tokens) ? Units.Count(tokens) : Figures.None,
                double.IsFinite(tokens) && stage.Seconds > 0 ? Units.Count(tokens / stage.Seconds) : Figures.None,
                curve is null ? Figures.None : Units.Exact(curve.Steps),
                curve is null ? Figures.None : Units.Exact(curve.Skipped));
        }
        table.Add("student", "Sum", "", Figures.Time(total), "", "", "", "");
        table.Write(html);
    }

    private static HtmlTable Machine(ReportRun run)
    {
        var machine = run.Manifest.Machine;
        var table = new HtmlTable("", "");
        table.Add(null, "Processor", machine.Cpu);
        table.Add(null, "Logical processors", Units.Exact(machine.Cores));
        table.Add(null, "Compute threads", Units.Exact(machine.Threads));
        foreach (var (name, version) in machine.Libraries.OrderBy(library => library.Key, StringComparer.Ordinal))
            table.Add(null, name switch { "dotnet" => ".NET", _ => name }, version);
        table.Add(null, "Espalier", run.Manifest.ProgramVersion);
        return table;
    }

    private static void Notes(HtmlBuilder html, string title, IReadOnlyList<string> notes)
    {
        if (notes.Count == 0)
            return;
        html.Leaf("h3", title);
        using var list = html.Open("ul", ("class", "problems"));
        foreach (var note in notes)
            html.Leaf("li", note);
    }
}

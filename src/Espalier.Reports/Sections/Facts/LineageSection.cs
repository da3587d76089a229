using Espalier.Pipeline.Runs;
using Espalier.Reports.Html;
using Espalier.Reports.Runs;

namespace Espalier.Reports.Sections.Facts;

/// <summary>What was made from what.</summary>
internal static class LineageSection
{
    internal static void Write(HtmlBuilder html, ReportRun run)
    {
        html.Leaf("h2", "Lineage");
        html.Note(
            "How to read it: each box is made from the one before it and from the text's tokens; the teacher that was scored also "
                + "guides the distillation. Stage folders are in stages/; a name ends in the hash of everything that determines the "
                + "contents, so equal names mean equal contents; hashes of the contents are at the end of this page."
            + (run.HasArms ? " A dashed box was already made by an arm above." : ""));
        var seen = new HashSet<string>();
        var begun = run.Manifest.Stages.Where(stage => stage.Status == StageStatus.Started).Select(stage => stage.Folder).ToHashSet();
        foreach (var arm in run.Arms)
        {
            if (run.HasArms)
                html.Leaf("h3", arm.Name);
            if (arm.Result.Need is { } need)
                html.Leaf("p", $"The teacher was tested: {need.Why}.");
            using var list = html.Open("ol", ("class", "lineage"));
            foreach (var model in arm.Result.Rows.Where(row => row.Model == "teacher").Take(1))
                Box(html, "model", "Teacher", run.Relative(model.Path), $"{Units.Count(model.Parameters)} parameters");
            foreach (var stage in arm.Result.Stages)
                if (TitleOf(stage.Stage) is { } title)
                    Box(html, seen.Add(stage.Folder) ? null : "shared", title, stage.Folder, begun.Contains(stage.Folder)
                        ? $"begun, {Figures.Time(stage.Seconds)}" : Figures.Time(stage.Seconds));
            foreach (var model in arm.Result.Rows.Where(row => row.Model == "student").Take(1))
                Box(html, "model", "Student", run.Relative(model.Path), $"{Units.Count(model.Parameters)} parameters");
            foreach (var file in arm.Result.Gguf)
                Box(html, "model", "GGUF", run.Relative(file), null);
        }
    }

    /// <summary>What a stage makes; null for one that makes only knowledge.</summary>
    private static string? TitleOf(string stage) => stage switch
    {
        "data" => "Tokens",
        "need" => "Test whether the teacher needs correction",
        "correct" => "Corrected teacher",
        "score" => "Importance scores",
        "search" => "Searched shape",
        "depth" => "Layer scores",
        "cache" => "Teacher's distributions",
        "pretrain" => "Trained model",
        "candidate" or "samples" => null,
        "prune" => "Pruned model",
        "mask" => "Masked model",
        "calibration" => "Calibration text",
        "align-data" => "Conversations",
        "align-reference" => "Reference answers",
        _ when stage.StartsWith("align-", StringComparison.Ordinal) => "Aligned student",
        "distill" => "Distilled student",
        "synthesize" => "Texts written by the teacher",
        "export" => "Export",
        _ when stage == "evaluate" || stage.StartsWith("text-", StringComparison.Ordinal)
            || stage.StartsWith("task-", StringComparison.Ordinal) => null,
        _ => $"{char.ToUpperInvariant(stage[0])}{stage[1..]}",
    };

    private static void Box(HtmlBuilder html, string? cssClass, string title, string place, string? fact)
    {
        using var box = html.Open("li", ("class", cssClass));
        html.Leaf("b", title);
        html.Leaf("span", place, ("class", "mono"));
        if (fact is not null)
            html.Leaf("span", fact, ("class", "quiet"));
    }
}

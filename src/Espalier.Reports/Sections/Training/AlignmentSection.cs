using Espalier.Pipeline.Runs.Results;
using Espalier.Reports.Html;
using Espalier.Reports.Runs;

namespace Espalier.Reports.Sections.Training;

/// <summary>What the steps of alignment did to the loss on what they held out.</summary>
internal static class AlignmentSection
{
    internal static void Write(HtmlBuilder html, ReportRun run)
    {
        if (run.Arms.All(arm => arm.Result.Aligned is null))
            return;
        html.Leaf("h2", "Alignment");
        html.Note(
            "How to read it: the mean loss on the held-out part of each step's data, with its standard error, before the step "
            + "and after it: nats per token of the assistant's turns, or the loss of a pair of answers, with the share of the pairs "
            + "that the model prefers in the right order, relative to the model before the step.");
        var table = new HtmlTable(
            "Recipe", "Step of alignment", "Method", ">Trained on", ">Left out", ">Held-out loss before", ">Held-out loss after");
        foreach (var arm in run.Arms)
            foreach (var row in arm.Result.Aligned ?? [])
                table.Add(null, arm.Name, row.Stage, row.Method, Units.Exact(row.Conversations), Units.Exact(row.LeftOut),
                    Loss(row.Before), Loss(row.After));
        table.Write(html);
    }

    private static string Loss(HeldOutRow? found) =>
        found is null ? "nothing held out"
            : Figures.LossWithError(found.Loss, found.LossSe) + (found.Accuracy is { } share ? $" ({Figures.Share(share, 1)})" : "");
}

using Espalier.Cli.Rendering;
using Espalier.Evaluation.Contamination;
using Espalier.Evaluation.Tasks.Metrics;

namespace Espalier.Cli.Commands.Evaluating;

/// <summary>The part of <c>evaluate --tasks</c>'s page that says what tasks share with a training text.</summary>
internal static class ContaminationPage
{
    private const int LongestWords = 100;

    internal static void Show(Page page, ContaminationReport report)
    {
        page.Line();
        page.Heading($"{ComparedWords.InARow} consecutive words shared with {report.Text.Name} "
            + $"({Units.Count(report.Text.Texts)} texts, {Units.Count(report.Text.Words)} words)");
        var table = new TextTable(["task", ">documents", ">shared", ">too short", "metric on the others",
            .. report.Tasks[0].Clean.Select(result => $">{TaskReportPage.Name(result.Model)}")]);
        foreach (var task in report.Tasks)
            if (task.Clean[0].Metrics.Count == 0)
                table.Add(
                    [task.Task, $"{task.Documents}", $"{task.Shared}", $"{task.TooShort}", task.Shared < task.Documents ? "not scored"
                        : "none is left",
                    .. task.Clean.Select(_ => "")]);
            else
                foreach (var metric in task.Clean[0].Metrics)
                    table.Add([task.Task, $"{task.Documents}", $"{task.Shared}", $"{task.TooShort}", metric.Name,
                        .. task.Clean.Select(result =>
                            result.Metrics.FirstOrDefault(own => own.Name == metric.Name) is { } own ? MetricText.Value(own) : "")]);
        page.Table(table);
        foreach (var task in report.Tasks)
            foreach (var shared in task.Examples)
                page.Line(string.Create(CultureInfo.InvariantCulture,
                    $"{task.Task}{(shared.Subject is null ? "" : $" {shared.Subject}")} {shared.Document}, {shared.Share:0 %} of it, "
                        + $"{shared.Origin}: {Clipped(shared.Words)}"));
    }

    private static string Clipped(string words) => words.Length <= LongestWords ? words : $"{words[..LongestWords]}...";
}

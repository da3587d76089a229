using System.Globalization;
using Espalier.Cli.Rendering;
using Espalier.Evaluation.Tasks;

namespace Espalier.Cli.Commands;

/// <summary>How the results of benchmarks are shown.</summary>
internal static class TaskPage
{
    private const int MostSubjects = 5;

    internal static void Show(Page page, TaskReport report)
    {
        var table = new TextTable([new("task"), new("shots", Number: true), new("documents", Number: true), new("metric"),
            .. report.Models.Select(model => new TextColumn(Name(model), Number: true))]);
        foreach (var task in report.Tasks)
            foreach (var metric in task.Results[0].Metrics)
                table.Add([task.Task, $"{task.Shots}", $"{task.Documents}", metric.Name,
                    .. task.Results.Select(result => Value(result.Metrics.FirstOrDefault(of => of.Name == metric.Name)))]);
        if (report.Tasks.Count > 0)
            page.Table(table);
        if (report.Samples is { } samples)
            page.Line($"programs: {samples}{(report.Tasks.Count > 0 ? "" : "; they were not run")}");
        foreach (var task in report.Tasks.Where(task => task.Comparisons.Count > 0))
        {
            page.Line();
            page.Heading($"{task.Task}, {task.Results[0].Metrics[0].Name}, against {Name(report.Models[0])}");
            var scale = task.Results[0].Metrics[0].Scale;
            foreach (var comparison in task.Comparisons)
                page.Line($"{Name(comparison.Model)}: {Difference(comparison, scale)}; {Sides(comparison)}; {P(comparison.Probability)}"
                    + (comparison.Adjusted is { } holm ? $", {P(holm)} among {report.Comparisons} comparisons" : ""));
            foreach (var subject in task.Fallen.Take(MostSubjects))
                page.Line($"  {subject.Name}: {Number(subject.First, scale)} to {Number(subject.Worst, scale)}{Unit(scale)} "
                    + $"({subject.Documents} documents)");
        }
        if (report.Pairs is { } pairs)
        {
            page.Line();
            page.Heading($"Beside {Name(report.Models[0])}, in both orders, as {report.Judge} sees it");
            foreach (var pair in pairs)
                page.Line(Line(pair));
        }
        if (report.Contamination is { } contamination)
            ContaminationPage.Show(page, contamination);
    }

    private static string Line(JudgedPair pair) =>
        $"{pair.Task}, {Name(pair.Model)}: {pair.Wins} wins, {pair.Losses} losses, {pair.Ties} ties"
        + (pair.WinRate is { } rate ? $" ({Number(rate, MetricScale.Share)} % with ties as halves)" : "")
        + (pair.Unjudged > 0 ? $"; {pair.Unjudged} not judged" : "");

    private static string Difference(ModelDifference comparison, MetricScale scale) =>
        $"{Signed(comparison.Difference, scale)}{(scale == MetricScale.Share ? " points" : "")} (95 % interval "
            + $"{Number(comparison.Lower, scale)} to {Number(comparison.Upper, scale)})";

    private static string Sides(ModelDifference comparison) => comparison.Test == PairedTest.McNemar
        ? $"right alone {comparison.OnlyModel}, wrong alone {comparison.OnlyAgainst}"
        : $"better on {comparison.OnlyModel} documents, worse on {comparison.OnlyAgainst}";

    private static string P(double probability) => probability < 0.001 ? "p < 0.001"
        : string.Create(CultureInfo.InvariantCulture, $"p = {probability:0.###}");

    /// <summary>A model as tables name it.</summary>
    internal static string Name(string model) => Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(model)));

    /// <summary>A metric with its standard error.</summary>
    internal static string Value(TaskMetric? metric) => metric is null ? "-"
        : $"{Number(metric.Value, metric.Scale)} ± {Number(metric.StandardError, metric.Scale)}{Unit(metric.Scale)}";

    private static string Unit(MetricScale scale) => scale == MetricScale.Share ? " %" : "";

    // Shares in per cent with one place, all else with three.
    private static string Number(double value, MetricScale scale) => scale == MetricScale.Share
        ? (100 * value).ToString("0.0", CultureInfo.InvariantCulture) : value.ToString("0.000", CultureInfo.InvariantCulture);

    private static string Signed(double value, MetricScale scale) => scale == MetricScale.Share
        ? (100 * value).ToString("+0.0;-0.0;0.0", CultureInfo.InvariantCulture)
        : value.ToString("+0.000;-0.000;0.000", CultureInfo.InvariantCulture);

    /// <summary>A row a task, metric and model; the same over documents that share nothing with the training text.</summary>
    internal static CsvTable Csv(TaskReport report)
    {
        var table = new CsvTable("task", "model", "shots", "documents", "metric", "value", "se", "seconds");
        foreach (var task in report.Tasks)
            foreach (var result in task.Results)
                foreach (var metric in result.Metrics)
                    table.Add(task.Task, result.Model, task.Shots, task.Documents, metric.Name, metric.Value, metric.StandardError,
                        result.Seconds);
        foreach (var task in report.Contamination?.Tasks ?? [])
            foreach (var result in task.Clean)
                foreach (var metric in result.Metrics)
                    table.Add(task.Task, result.Model, report.Tasks.First(of => of.Task == task.Task).Shots, task.Documents - task.Shared,
                        $"{metric.Name},clean", metric.Value, metric.StandardError, 0.0);
        return table;
    }
}

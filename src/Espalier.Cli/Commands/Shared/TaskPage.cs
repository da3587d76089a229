using Espalier.Cli.Commands.Shared.Options;
using Espalier.Cli.Rendering;
using Espalier.Evaluation.Tasks;
using Espalier.Evaluation.Tasks.Metrics;

namespace Espalier.Cli.Commands.Shared;

/// <summary>Models beside each other on benchmarks.</summary>
internal static class TaskPage
{
    private const int MostSubjects = 5;

    /// <summary>A table of all metrics, then each model against the first, and the subjects that fell most.</summary>
    /// <param name="page">Where to.</param>
    /// <param name="models">The models' names; the first is the one that the others are compared with.</param>
    /// <param name="tasks">The tasks.</param>
    internal static void Show(Page page, IReadOnlyList<string> models, IReadOnlyList<TaskComparison> tasks)
    {
        var table = new TextTable(["task", ">shots", ">documents", "metric", .. models.Select(model => $">{model}")]);
        foreach (var task in tasks)
            foreach (var metric in task.Results[0].Metrics)
                table.Add([task.Task, $"{task.Shots}", $"{task.Documents}", metric.Name,
                    .. task.Results.Select(result => MetricText.Value(result.Metrics, metric.Name))]);
        // A few subjects, such as the lengths of contexts, stand by themselves.
        foreach (var task in tasks.Where(task => task.Subjects.Count is > 1 and <= MostSubjects))
            foreach (var subject in task.Subjects)
                table.Add([task.Task, $"{task.Shots}", $"{subject.Documents}", $"{task.Metric.Name}, {subject.Name}",
                    .. subject.Values.Select(value =>
                        $"{MetricText.Number(value, task.Metric.Scale)}{MetricText.Unit(task.Metric.Scale)}")]);
        page.Table(table);
        page.Line("±: one standard error over documents");
        if (tasks.Any(task => task.Chance is not null))
            page.Line("by chance alone: " + string.Join(", ", tasks.Where(task => task.Chance is not null).Select(task =>
                $"{task.Task} {MetricText.Number(task.Chance!.Value, task.Metric.Scale)}{MetricText.Unit(task.Metric.Scale)}")));
        if (tasks.Any(task => task.IsFew))
            page.Line($"with fewer than {TaskComparison.Few} documents, standard errors and intervals mean little");
        var all = tasks.Sum(task => task.Comparisons.Count(comparison => comparison.IsCompared));
        foreach (var task in tasks.Where(task => task.Comparisons.Count > 0))
        {
            page.Line();
            page.Heading($"{task.Task}, {task.Metric.Name}, against {models[0]}");
            var scale = task.Metric.Scale;
            foreach (var (name, comparison) in models.Skip(1).Zip(task.Comparisons))
                page.Line(!comparison.IsCompared ? $"{name}: not compared: no document has a score of the same weight in both models"
                    : $"{name}: {Difference(comparison, scale)}{On(comparison, task)}; {Sides(comparison)}; {P(comparison.Probability)}"
                    + (comparison.Adjusted is { } holm ? $" (adjusted for {all} comparisons: {MetricText.Probability(holm)})" : ""));
            if (task.Fallen.Any())
                page.Line($"{task.FallenTitle}:");
            foreach (var subject in task.Fallen.Take(MostSubjects))
                page.Line($"  {subject.Name}: {MetricText.Number(subject.First, scale)} to {MetricText.Number(subject.Worst, scale)}"
                    + $"{MetricText.Unit(scale)} ({Units.Counted(subject.Documents, "document")})");
        }
    }

    private static string Difference(ModelDifference comparison, MetricScale scale) =>
        $"{MetricText.Signed(comparison.Difference, scale)}{MetricText.Points(scale)} (95 % interval "
            + $"{MetricText.Number(comparison.Lower, scale)} to {MetricText.Number(comparison.Upper, scale)})";

    private static string On(ModelDifference comparison, TaskComparison task) => comparison.Documents is null || comparison.Documents == task.Documents ? ""
        : $" on {comparison.Documents} of {task.Documents} documents";

    private static string Sides(ModelDifference comparison) => comparison.Test == PairedTest.McNemar
        ? $"only this model right {comparison.OnlyModel}, only the other right {comparison.OnlyAgainst}"
        : $"better on {comparison.OnlyModel} documents, worse on {comparison.OnlyAgainst}";

    /// <summary>p = 0.031, or p &lt; 0.001.</summary>
    internal static string P(double probability) =>
        MetricText.Probability(probability) is ['<', ..] small ? $"p {small}" : $"p = {MetricText.Probability(probability)}";
}

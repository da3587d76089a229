using Espalier.Cli.Commands.Shared;
using Espalier.Cli.Commands.Shared.Options;
using Espalier.Cli.Rendering;
using Espalier.Evaluation.Tasks.Metrics;

namespace Espalier.Cli.Commands.Evaluating;

/// <summary>How the result of <c>evaluate --tasks</c> is shown.</summary>
internal static class TaskReportPage
{
    internal static void Show(Page page, TaskReport report)
    {
        if (report.Tasks.Count > 0)
            TaskPage.Show(page, Names(report.Models), report.Tasks);
        string[] how = [.. report.Limit is { } limit ? [$"at most {Units.Counted(limit, "document")} per subject"] : Array.Empty<string>(),
            .. report.MaxTokens is { } tokens ? [$"at most {Units.Counted(tokens, "token")} per text"] : Array.Empty<string>(),
            .. report.ChatTemplate ? ["through each model's chat template"] : Array.Empty<string>(),
            .. report.Attempts is { } attempts ? [$"greedily, and in {attempts}"] : Array.Empty<string>()];
        if (how.Length > 0)
            page.Line($"asked: {string.Join(", ", how)}");
        if (report.Samples is { } samples)
            page.Line($"programs: {samples}{(report.Tasks.Count > 0 ? "" : "; they were not run")}");
        if (report.Pairs is { } pairs)
        {
            page.Line();
            page.Heading($"Compared with {Name(report.Models[0])} in both orders, judged by {report.Judge}");
            foreach (var pair in pairs)
                page.Line(Line(pair));
        }
        if (report.Contamination is { } contamination)
            ContaminationPage.Show(page, contamination);
    }

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

    /// <summary>A model as tables name it.</summary>
    internal static string Name(string model) => Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(model)));

    /// <summary>Models as tables name them: by so much of the end of their paths as tells them apart.</summary>
    internal static string[] Names(IReadOnlyList<string> models)
    {
        var paths = models.Select(model => Path.TrimEndingDirectorySeparator(Path.GetFullPath(model)).Split(Path.DirectorySeparatorChar))
            .ToArray();
        return [.. paths.Select(path =>
        {
            var parts = 1;
            while (parts < path.Length && paths.Any(other => !ReferenceEquals(other, path) && !other.SequenceEqual(path)
                && other.TakeLast(parts).SequenceEqual(path.TakeLast(parts))))
                parts++;
            return string.Join('/', path.TakeLast(parts));
        })];
    }

    private static string Line(JudgedPair pair) =>
        $"{pair.Task}, {Name(pair.Model)}: {pair.Wins} wins, {pair.Losses} losses, {pair.Ties} ties"
        + (pair.WinRate is { } rate ? $" ({MetricText.Number(rate, MetricScale.Share)} % with ties as halves{Sure(pair)})" : "")
        + (pair.Unjudged > 0 ? $"; {pair.Unjudged} not judged" : "");

    private static string Sure(JudgedPair pair) => pair is { Lower: { } lower, Upper: { } upper, Probability: { } probability }
        ? $"; 95 % interval {MetricText.Number(lower, MetricScale.Share)} to {MetricText.Number(upper, MetricScale.Share)}; "
            + TaskPage.P(probability) : "";
}

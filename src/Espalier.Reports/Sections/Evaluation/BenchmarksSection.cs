using Espalier.Evaluation.Tasks;
using Espalier.Evaluation.Tasks.Metrics;
using Espalier.Pipeline.Cards;
using Espalier.Reports.Charts;
using Espalier.Reports.Html;
using Espalier.Reports.Runs;

namespace Espalier.Reports.Sections.Evaluation;

/// <summary>Teacher, pruned model and student side by side on benchmarks: how sure that is, and what fell most.</summary>
internal static class BenchmarksSection
{
    private const int MostSubjects = 12;

    /// <summary>Half the width of a 95 % interval in standard errors, by the normal approximation.</summary>
    private const double Standard95 = 1.96;

    internal static void Write(HtmlBuilder html, ReportRun run)
    {
        if (run.Arms.All(arm => arm.Result.Tasks is null))
            return;
        html.Leaf("h2", "Benchmarks");
        html.Note(
            "How to read it: every model gets the same documents, in the form of lm-evaluation-harness; (chat) means through the "
                + "model's chat template. acc is the share of questions whose right answer is the likeliest; acc_norm and acc_bytes divide an "
                + "answer's log-likelihood by its characters or bytes first. Scores are in per cent, ± one standard error over documents; bars show ± 1.96 of them, a 95 % "
                + "interval. Differences are from the "
                + "teacher, document by document, in the first metric: their intervals come from 10,000 draws of documents, p is the "
                + "probability of a difference at least this large between equally good models, by McNemar's exact test if a document is "
                + "right or wrong and by permutation otherwise.");
        foreach (var arm in run.Arms)
            if (arm.Result.Tasks is { } tasks)
            {
                if (run.HasArms)
                    html.Leaf("h3", arm.Name);
                string[] models = [.. arm.Result.TaskModels.Select(model => run.ModelOf(arm, model)?.Title ?? model)];
                Values(html, models, tasks);
                Differences(html, models, tasks);
                foreach (var task in tasks)
                    Task(html, run.HasArms ? "h4" : "h3", models, task);
            }
    }

    private static void Values(HtmlBuilder html, string[] models, IReadOnlyList<TaskComparison> tasks)
    {
        var table = new HtmlTable(["Benchmark", ">Shots", ">Documents", "Metric", .. models.Select(model => $">{model}")]);
        foreach (var task in tasks)
            foreach (var metric in task.Results[0].Metrics)
                table.Add(null, [task.Task, Units.Exact(task.Shots), Units.Exact(task.Documents), metric.Name,
                    .. task.Results.Select(result => MetricText.Value(result.Metrics, metric.Name))]);
        table.Write(html);
        if (tasks.Any(task => task.Chance is not null))
            html.Leaf("p", "By chance alone: " + string.Join(", ", tasks.Where(task => task.Chance is not null).Select(task =>
                $"{task.Task} {MetricText.Number(task.Chance!.Value, task.Metric.Scale)}{MetricText.Unit(task.Metric.Scale)}")) + ".",
                ("class", "quiet"));
        foreach (var task in tasks)
            if (task.Attempts is { } attempts)
                html.Leaf("p", $"{task.Task}: metrics ending in sampled come from {attempts}, all others from the greedy answer; "
                    + "pass@k is the probability that one of k attempts is right.", ("class", "quiet"));
        foreach (var task in tasks)
            if (task.Results.Max(result => result.Cut) is > 0 and var cut)
                html.Leaf("p", $"{task.Task}: {Units.Exact(cut)} of {Units.Exact(task.Documents)} contexts are longer than a model's "
                    + "positions and were cut.", ("class", "quiet"));
    }

    private static void Differences(HtmlBuilder html, string[] models, IReadOnlyList<TaskComparison> tasks)
    {
        var all = tasks.Sum(task => task.Comparisons.Count(comparison => comparison.IsCompared));
        if (all == 0)
            return;
        var isAdjusted = tasks.Any(task => task.Comparisons.Any(comparison => comparison.Adjusted is not null));
        var table = new HtmlTable(["Against the teacher", "Model", ">Documents", ">Difference", ">95 % interval", ">Better on", ">Worse on",
            ">p", .. isAdjusted ? [">p, adjusted"] : Array.Empty<Column>()]);
        foreach (var task in tasks)
            foreach (var (model, comparison) in models.Skip(1).Zip(task.Comparisons).Where(pair => pair.Second.IsCompared))
            {
                var scale = task.Metric.Scale;
                table.Add(null, [new Cell($"{task.Task}, {task.Metric.Name}"), new Cell(model),
                    new Cell(Units.Exact(comparison.Documents ?? task.Documents)),
                    new Cell(MetricText.Signed(comparison.Difference, scale) + MetricText.Points(scale)),
                    new Cell($"{MetricText.Signed(comparison.Lower, scale)} to {MetricText.Signed(comparison.Upper, scale)}"),
                    new Cell(Units.Exact(comparison.OnlyModel)), new Cell(Units.Exact(comparison.OnlyAgainst)),
                    new Cell(MetricText.Probability(comparison.Probability)),
                    .. comparison.Adjusted is { } adjusted ? [new Cell(MetricText.Probability(adjusted))] : Array.Empty<Cell>()]);
            }
        table.Write(html);
        if (isAdjusted)
            html.Leaf("p", $"There are {all} comparisons, and some of many look large by chance alone: adjusted probabilities hold for all "
                + "of them together (Holm 1979).", ("class", "quiet"));
    }

    private static void Task(HtmlBuilder html, string heading, string[] models, TaskComparison task)
    {
        html.Leaf(heading, task.Task);
        var scale = task.Metric.Scale;
        var unit = scale == MetricScale.Share ? 100.0 : 1;
        new IntervalChart($"{task.Metric.Name} on {task.Task} with 95 % intervals",
            scale == MetricScale.Share ? $"{task.Metric.Name}, %" : task.Metric.Name,
            [.. from each in models.Zip(task.Results, (model, result) => (Model: model, result.Metrics))
                from metric in each.Metrics.Where(metric => metric.Name == task.Metric.Name)
                select new Interval(each.Model, unit * metric.Value, Standard95 * unit * (metric.StandardError ?? 0))])
        { Shown = value => MetricText.Number(value / unit, scale) }.Write(html);
        if (task.IsFew)
            html.Leaf("p", $"With fewer than {TaskComparison.Few} documents, as here, intervals say little.", ("class", "quiet"));
        if (task.Subjects.Count == 0)
            return;
        SubjectRow[] fallen = [.. task.Fallen.Take(MostSubjects)];
        if (fallen.Length == 0)
        {
            html.Leaf("p", $"No model is worse than the teacher in any of its {task.Subjects.Count} subjects.");
            return;
        }
        html.Leaf("p", $"{task.FallenTitle} ({task.Metric.Name}{(unit == 100 ? ", %" : "")}; subjects are "
            + "small, and the largest of many falls is partly chance):");
        var table = new HtmlTable(["Subject", ">Documents", .. models.Select(model => $">{model}"), ">Largest fall"]);
        foreach (var subject in fallen)
            table.Add(null, [subject.Name, Units.Exact(subject.Documents),
                .. subject.Values.Select(value => MetricText.Number(value, scale)),
                MetricText.Number(subject.Fall(task.IsLowerBetter), scale)]);
        table.Write(html);
    }
}

using Espalier.Compression.Evaluation;
using Espalier.Evaluation.Tasks;
using Espalier.Evaluation.Tasks.Metrics;
using Espalier.Pipeline.Recipes;
using Espalier.Pipeline.Runs.Results;

namespace Espalier.Pipeline.Cards;

/// <summary>How good it is, beside the teacher: losses, benchmarks and what alignment did, each with how sure that is.</summary>
internal static class CardEvaluation
{
    /// <summary>Writes the section; the models are those of the run, the last one is in this folder.</summary>
    public static void Write(CardPage page, CardFacts facts)
    {
        page.Heading(2, "Evaluation");
        if (facts.Arm.Rows.All(row => row.Evaluations.Count == 0) && facts.Arm.Tasks is null)
        {
            page.Paragraph("The run evaluated no model.");
            return;
        }
        Losses(page, facts.Arm.Rows);
        if (facts.Arm.Tasks is { } tasks)
            Benchmarks(page, facts.Arm.TaskModels, tasks);
        if (facts.Arm.Aligned is { } steps)
            Aligned(page, steps);
    }

    private static void Losses(CardPage page, IReadOnlyList<ModelRow> models)
    {
        if (models.All(model => model.Evaluations.Count == 0))
            return;
        page.Paragraph("Mean negative log-likelihood, nats a token; the interval is Student's t over windows of text"
            + (models.Any(model => model.Evaluations.Any(on => on.Set == EvaluationList.HeldOut))
                ? ". `held-out` is the part of the documents of the training text that was held out." : "."));
        page.Table(["model", ">parameters", "text", ">tokens", ">nats a token", ">95 % interval", ">perplexity", ">bits a byte"],
            models.SelectMany(model => model.Evaluations.Select(on => new[]
            {
                NameOf(model.Model), Units.Exact(model.Parameters), CardPage.Quoted(on.Set), Units.Exact(on.Tokens),
                CardPage.Nats(on.Nll),
                on.NllStandardError == 0 ? LossText.None
                    : $"{CardPage.Nats(on.Nll - on.HalfWidth)} to {CardPage.Nats(on.Nll + on.HalfWidth)}",
                double.IsFinite(on.Perplexity) ? on.Perplexity.ToString("0.00", CultureInfo.InvariantCulture) : "not finite",
                on.BitsPerByte is { } bits ? CardPage.Nats(bits) : "",
            })));
    }

    private static void Benchmarks(CardPage page, IReadOnlyList<string> models, IReadOnlyList<TaskComparison> tasks)
    {
        page.Paragraph("Benchmarks scored as in lm-evaluation-harness, ± one standard error over documents:");
        page.Table(["benchmark", ">shots", ">documents", "metric", .. models.Select(model => $">{NameOf(model)}")],
            tasks.SelectMany(task => task.Results[0].Metrics.Select(metric => (string[])
            [
                CardPage.Plain(task.Task), Units.Exact(task.Shots), Units.Exact(task.Documents), CardPage.Quoted(metric.Name),
                .. task.Results.Select(result => MetricText.Value(result.Metrics, metric.Name)),
            ])));
        if (tasks.Any(task => task.Comparisons.Count > 0))
        {
            page.Paragraph("Differences from the teacher in the first metric, document by document, with 95 % intervals of 10,000 draws of "
                + "documents; p is the probability of a difference at least this large between equally good models"
                + (tasks.Any(task => task.Comparisons.Any(one => one.Adjusted is not null)) ? ", adjusted for all comparisons (Holm):"
                    : ":"));
            page.Table(["benchmark", "model", ">difference", ">95 % interval", ">p"], tasks.SelectMany(task =>
                models.Skip(1).Zip(task.Comparisons).Where(pair => pair.Second.IsCompared).Select(pair => new[]
                {
                    CardPage.Plain(task.Task), NameOf(pair.First),
                    MetricText.Signed(pair.Second.Difference, task.Metric.Scale) + MetricText.Points(task.Metric.Scale),
                    $"{MetricText.Signed(pair.Second.Lower, task.Metric.Scale)} to {MetricText.Signed(pair.Second.Upper, task.Metric.Scale)}",
                    MetricText.Probability(pair.Second.Adjusted ?? pair.Second.Probability).Replace("<", "&lt;", StringComparison.Ordinal),
                })));
        }
        foreach (var task in tasks.Where(task => task.IsFew))
            page.Paragraph($"{CardPage.Plain(task.Task)} has fewer than {TaskComparison.Few} documents here: standard errors and intervals "
                + "say little.");
    }

    private static void Aligned(CardPage page, IReadOnlyList<AlignRow> steps)
    {
        page.Paragraph("Loss on each alignment step's own held-out part before and after it, ± one standard error:");
        // Only pairs are preferred rightly or not.
        var hasPairs = steps.Any(static step => step.Before?.Accuracy is not null || step.After?.Accuracy is not null);
        string[] columns = ["step of alignment", "method", ">trained on", ">left out", ">held-out loss before", ">held-out loss after"];
        page.Table([.. columns, .. hasPairs ? (string[])[">preferred rightly before", ">preferred rightly after"] : []],
            steps.Select(step => (string[])
            [
                CardPage.Plain(step.Stage), CardPage.Quoted(step.Method), Units.Exact(step.Conversations),
                Units.Exact(step.LeftOut), Loss(step.Before), Loss(step.After),
                .. hasPairs ? (string[])[Rightly(step.Before), Rightly(step.After)] : [],
            ]));
    }

    private static string NameOf(string model) => model == "student" ? "**this model**" : CardPage.Plain(model);

    private static string Loss(HeldOutRow? row) => row is null ? "" : LossText.WithError(row.Loss, row.LossSe);

    private static string Rightly(HeldOutRow? row) =>
        row?.Accuracy is { } share ? MetricText.Number(share, MetricScale.Share) + " %" : "";
}

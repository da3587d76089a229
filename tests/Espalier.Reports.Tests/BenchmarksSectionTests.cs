using Espalier.Evaluation.Tasks;
using Espalier.Evaluation.Tasks.Metrics;
using Espalier.Tests;

namespace Espalier.Reports.Tests;

public sealed class BenchmarksSectionTests : IDisposable
{
    private readonly SampleRun _run = new();

    public void Dispose() => _run.Dispose();

    [Fact]
    public void Models_stand_side_by_side_with_their_differences_and_the_subjects_that_fell()
    {
        var page = ReportPage.Parse(_run.Report(_run.Arm("arm") with { Tasks = [Task("mmlu", 0.04), Task("piqa", 0.5)] }));
        Assert.Contains("Benchmarks", page.Descendants("h2").Select(heading => heading.Value));
        var rows = page.Descendants("tr").Select(row => row.Elements().Select(cell => cell.Value).ToArray()).ToArray();
        Assert.Contains(["mmlu", "5", "30", "acc", "60.0 ± 9.0 %", "40.0 ± 8.0 %"], rows);
        Assert.Contains(["mmlu, acc", "Student", "30", "-20.0 points", "-35.0 to -5.0", "1", "7", "0.02", "0.04"], rows);
        Assert.Contains(["history", "10", "80.0", "30.0", "50.0"], rows);
        Assert.DoesNotContain(rows, row => row is ["law", ..]);
        Assert.Contains("There are 2 comparisons", page.Root!.Value, StringComparison.Ordinal);
        Assert.Contains("mmlu: 3 of 30 contexts are longer", page.Root!.Value, StringComparison.Ordinal);
        Assert.Contains("acc on mmlu with 95 % intervals", page.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void What_chance_gives_how_often_was_asked_and_that_a_few_documents_say_little_stand_beside_the_values()
    {
        var plain = Task("piqa", 0.5) with { Chance = 0.5 };
        var few = Task("gsm8k (4 attempts)", 0.5) with { Documents = 12, Attempts = new(4, Seed: 3) };
        var text = ReportPage.Parse(_run.Report(_run.Arm("arm") with { Tasks = [plain, few] })).Root!.Value;
        Assert.Contains("By chance alone: piqa 50.0 %.", text, StringComparison.Ordinal);
        Assert.Contains("come from 4 attempts at temperature 0.8, top-p 0.95, seed 3", text, StringComparison.Ordinal);
        Assert.Single(text.Split("With fewer than 30 documents, as here").Skip(1));
        Assert.Contains("1 of 2 subjects fell, most of all", text, StringComparison.Ordinal);
        var rose = plain with { Comparisons = [plain.Comparisons[0] with { Difference = 0.1 }] };
        Assert.Contains("1 of 2 subjects fell, though the total did not, most of all",
            ReportPage.Parse(_run.Report(_run.Arm("arm") with { Tasks = [rose] })).Root!.Value, StringComparison.Ordinal);
    }

    [Fact]
    public void A_metric_that_a_model_lacks_and_a_spread_that_one_document_lacks_leave_their_place_empty()
    {
        var task = Task("talk", null);
        task = task with
        {
            Results = [
                task.Results[0] with { Metrics = [new("acc", 0.6, null, MetricScale.Share), new("late", 1, 0.1, MetricScale.Plain)] },
                task.Results[1] with { Metrics = [new("late", 2, 0.1, MetricScale.Plain)] }],
        };
        var page = ReportPage.Parse(_run.Report(_run.Arm("arm") with { Tasks = [task] }));
        var rows = page.Descendants("tr").Select(row => row.Elements().Select(cell => cell.Value).ToArray()).ToArray();
        Assert.Contains(["talk", "5", "30", "acc", "60.0 %", "-"], rows);
        Assert.Contains(["talk", "5", "30", "late", "1.000 ± 0.100", "2.000 ± 0.100"], rows);
        var bars = page.Descendants("svg").Single(svg => (string?)svg.Attribute("aria-label") == "acc on talk with 95 % intervals");
        Assert.DoesNotContain("Student", bars.Value, StringComparison.Ordinal);
    }

    [Fact]
    public void One_comparison_needs_no_adjusting()
    {
        var page = ReportPage.Parse(_run.Report(_run.Arm("arm") with { Tasks = [Task("mmlu", null)] }));
        Assert.DoesNotContain("adjusted", page.Root!.Value, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_benchmarks_there_is_no_such_section() =>
        Assert.DoesNotContain(
            "Benchmarks", ReportPage.Parse(_run.Report(_run.Arm("arm"))).Descendants("h2").Select(heading => heading.Value));

    private static TaskComparison Task(string name, double? adjusted) => new(name, 5, 30,
        [new("teacher", [new("acc", 0.6, 0.09, MetricScale.Share)], 0, 1),
            new("student", [new("acc", 0.4, 0.08, MetricScale.Share)], 3, 1)],
        [new("student", -0.2, -0.35, -0.05, 1, 7, PairedTest.McNemar, 0.02, adjusted)],
        [SubjectRow.Of("law", 20, [0.5, 0.6], new("acc")), SubjectRow.Of("history", 10, [0.8, 0.3], new("acc"))]);
}

using Espalier.Pipeline.Runs;
using Espalier.Pipeline.Runs.Results;
using Espalier.Reports.Html;
using Espalier.Reports.Runs;
using Espalier.Reports.Sections;

namespace Espalier.Reports;

/// <summary>
/// <c>report.html</c>: the story of a run in one file that needs no network and no script. Reports of equal runs are equal but for what was
/// timed. Files that are gone or damaged leave their part out.
/// </summary>
internal static class ReportWriter
{
    /// <summary>Writes the report.</summary>
    /// <param name="output">Where to; stays open.</param>
    /// <param name="results">The arms; the first is the recipe itself, others are controls.</param>
    /// <param name="manifest">The run's manifest.</param>
    /// <param name="recipeText">The recipe as it was written.</param>
    public static void Write(TextWriter output, IReadOnlyList<CompressResult> results, RunManifest manifest, string recipeText)
    {
        var run = new ReportRun(results, manifest, recipeText);
        using var html = new HtmlBuilder(output);
        html.Doctype();
        using var page = html.Open("html", ("lang", "en"));
        var title = run.HasArms ? $"{run.Arms[0].Name} and {run.Arms.Count - 1} more"
            : run.Arms.Select(arm => arm.Name).FirstOrDefault("nothing run");
        PageHead.Write(html, title);
        using var body = html.Open("body");
        using var main = html.Open("main");
        html.Leaf("h1", $"Espalier: {title}");
        SummarySection.Write(html, run);
        LineageSection.Write(html, run);
        ShapesSection.Write(html, run);
        CurvesSection.Write(html, run);
        ImportanceSection.Write(html, run);
        CandidatesSection.Write(html, run);
        AlignmentSection.Write(html, run);
        EvaluationSection.Write(html, run);
        BenchmarksSection.Write(html, run);
        ComparisonSection.Write(html, run);
        SamplesSection.Write(html, run);
        WrittenTextsSection.Write(html, run);
        ChecksSection.Write(html, run);
        CostsSection.Write(html, run);
        UseSection.Write(html, run);
        RecipeSection.Write(html, run);
    }
}

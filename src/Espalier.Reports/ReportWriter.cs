using Espalier.Pipeline.Runs;
using Espalier.Pipeline.Runs.Results;
using Espalier.Reports.Html;
using Espalier.Reports.Runs;
using Espalier.Reports.Sections.Evaluation;
using Espalier.Reports.Sections.Facts;
using Espalier.Reports.Sections.Pruning;
using Espalier.Reports.Sections.Training;

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
        var title = run.HasArms ? $"{run.Arms[0].Name} and {run.Arms.Count - 1} more"
            : run.Arms.Select(arm => arm.Name).FirstOrDefault("nothing run");
        HtmlPage.Write(output, title, $"Espalier: {title}", html =>
        {
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
        });
    }
}

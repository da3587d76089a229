using Espalier.Cli.Report.Sections;
using Espalier.Pipeline.Runs;

namespace Espalier.Cli.Report;

/// <summary>
/// <c>report.html</c>: the story of a run in one file that needs no network and no script. Reports of equal runs are equal but for what was
/// timed. Files that are gone or damaged leave their part out.
/// </summary>
internal static class ReportWriter
{
    private const string Policy = "default-src 'none'; style-src 'unsafe-inline'";

    /// <summary>Writes the report.</summary>
    /// <param name="output">Where to; stays open.</param>
    /// <param name="results">The arms; the first is the recipe itself, others are controls.</param>
    /// <param name="manifest">The run's manifest.</param>
    /// <param name="recipeText">The recipe as it was written.</param>
    internal static void Write(TextWriter output, IReadOnlyList<CompressResult> results, RunManifest manifest, string recipeText)
    {
        var run = new ReportRun(results, manifest, recipeText);
        using var html = new HtmlBuilder(output);
        html.Doctype();
        using var page = html.Open("html", ("lang", "en"));
        var title = run.HasArms ? $"{run.Arms[0].Name} and {run.Arms.Count - 1} more" : run.Arms.Select(arm => arm.Name).FirstOrDefault("nothing run");
        Head(html, title);
        using var body = html.Open("body");
        using var main = html.Open("main");
        html.Leaf("h1", $"Espalier: {title}");
        SummarySection.Write(html, run);
        LineageSection.Write(html, run);
        ShapesSection.Write(html, run);
        CurvesSection.Write(html, run);
        ImportanceSection.Write(html, run);
        CandidatesSection.Write(html, run);
        EvaluationSection.Write(html, run);
        ComparisonSection.Write(html, run);
        SamplesSection.Write(html, run);
        CostsSection.Write(html, run);
        UseSection.Write(html, run);
        RecipeSection.Write(html, run);
    }

    /// <summary>The head of a page that needs no network and no script.</summary>
    internal static void Head(HtmlBuilder html, string title)
    {
        using var head = html.Open("head");
        html.Void("meta", ("charset", "utf-8"));
        html.Void("meta", ("http-equiv", "Content-Security-Policy"), ("content", Policy));
        html.Void("meta", ("name", "viewport"), ("content", "width=device-width, initial-scale=1"));
        html.Void("meta", ("name", "color-scheme"), ("content", "light dark"));
        html.Leaf("title", $"{title} · Espalier");
        html.Leaf("style", ReportStyle.Css);
    }
}

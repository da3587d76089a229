using Espalier.Compression.Importance;

namespace Espalier.Cli.Report.Sections;

/// <summary>The recipe, and the hashes that say whether another run is the same.</summary>
internal static class RecipeSection
{
    internal static void Write(HtmlBuilder html, ReportRun run)
    {
        html.Leaf("h2", "Recipe and hashes");
        html.Leaf("p", "How to read it: the same recipe on the same machine with the same threads gives the same output hashes.", ("class", "how"));
        html.Leaf("pre", run.RecipeText);
        var facts = new HtmlTable(("", false), ("", false));
        facts.Add(null, new("Recipe"), new(run.Manifest.RecipeHash));
        foreach (var (name, seed) in run.Manifest.Seeds.OrderBy(pair => pair.Key, StringComparer.Ordinal))
            facts.Add(null, new($"Seed, {name}"), new(seed.ToString(System.Globalization.CultureInfo.InvariantCulture)));
        foreach (var scores in run.Arms.Select(arm => arm.Scores).OfType<ImportanceScores>().Distinct().Take(1))
        {
            facts.Add(null, new("Scored teacher"), new(scores.Teacher.Length > 0 ? scores.Teacher : Figures.None));
            facts.Add(null, new("Calibration tokens"), new(scores.Calibration.Length > 0 ? scores.Calibration : Figures.None));
        }
        facts.Write(html);
        var used = run.Arms.SelectMany(arm => arm.Result.Stages).Select(stage => stage.Folder).ToHashSet();
        var table = new HtmlTable(("Stage", false), ("Hash of its output", false));
        foreach (var stage in run.Manifest.Stages.Where(stage => used.Contains(stage.Folder)))
            table.Add(null, new(stage.Folder), new(stage.OutputHash ?? Figures.None));
        table.Write(html);
    }
}

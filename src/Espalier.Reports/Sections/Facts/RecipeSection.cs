using Espalier.Compression.Importance;
using Espalier.Reports.Html;
using Espalier.Reports.Runs;

namespace Espalier.Reports.Sections.Facts;

/// <summary>The recipe, and the hashes that say whether another run is the same.</summary>
internal static class RecipeSection
{
    internal static void Write(HtmlBuilder html, ReportRun run)
    {
        html.Leaf("h2", "Recipe and hashes");
        html.Note(
            "How to read it: the same recipe on the same machine with the same number of threads gives the same outputs, with these "
                + "SHA-256 hashes; "
                + "a file's is what sha256sum prints, that of a folder or of several files covers their names and hashes. The "
                + "digits at the end of a stage's name are a different hash, of what it was made from.");
        html.Leaf("pre", run.RecipeText);
        var facts = new HtmlTable("", "");
        facts.Add(null, "Recipe, as interpreted", run.Manifest.RecipeHash);
        foreach (var (name, seed) in run.Manifest.Seeds.OrderBy(pair => pair.Key, StringComparer.Ordinal))
            facts.Add(null, $"Seed, {name}", seed.ToString(System.Globalization.CultureInfo.InvariantCulture));
        foreach (var scores in run.Arms.Select(arm => arm.Scores).OfType<ImportanceScores>().Distinct().Take(1))
        {
            facts.Add(null, "Scored teacher", scores.Teacher.Length > 0 ? scores.Teacher : Figures.None);
            facts.Add(null, "Calibration tokens", scores.Calibration.Length > 0 ? scores.Calibration : Figures.None);
        }
        // What "compute: auto" came to is not in the recipe.
        foreach (var stage in run.Stages)
            if (run.Record(stage.Folder)?.Options?["learning_rate"] is not null)
                facts.Add(null, $"Products with weights, {stage.Folder}",
                    (string?)run.Record(stage.Folder)!.Options!["compute"] ?? "float32");
        facts.Write(html);
        var table = new HtmlTable("Output", "SHA-256");
        foreach (var stage in run.Stages)
            foreach (var (output, hash) in OutputHash.Of(run, stage))
                table.Add(null, output, new(hash) { IsCode = true });
        if (table.HasRows)
            table.Write(html);
    }
}

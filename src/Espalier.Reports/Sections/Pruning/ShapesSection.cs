using Espalier.Models;
using Espalier.Reports.Html;
using Espalier.Reports.Runs;

namespace Espalier.Reports.Sections.Pruning;

/// <summary>Teacher's and students' shapes.</summary>
internal static class ShapesSection
{
    private static readonly (string Name, Func<DecoderConfig, long> Value)[] s_facts =
    [
        .. Axis.Asked.Select(axis => (Capital(axis.Words), (Func<DecoderConfig, long>)(config => axis.IsIn(config) ? axis.Of(config) : 0))),
        ("Experts of a token", config => config.ExpertsPerToken),
        ("Mamba state size", config => config.Mamba.StateSize),
        ("Head width", config => config.HeadDim),
        ("Vocabulary", config => config.VocabularySize),
        ("Parameters", config => config.Parameters),
        ("Active parameters per token", config => config.Experts == 0 ? 0 : config.ActiveParameters),
        ("Embedding parameters", config => config.EmbeddingParameters),
        ("Non-embedding parameters", config => config.NonEmbeddingParameters),
        ("KV cache per token, 16 bits, bytes", config => config.KeyValueBytesPerToken(2)),
    ];

    internal static void Write(HtmlBuilder html, ReportRun run)
    {
        var models = run.Models.Where(model => model.Row.Model is "teacher" or "student" && model.Config is not null)
            .GroupBy(model => (model.Row.Model, model.Row.Path))
            .Select(same => same.First() with { Arms = [.. same.SelectMany(model => model.Arms)] }).ToArray();
        if (models.Length == 0)
            return;
        html.Leaf("h2", "Shapes");
        html.Note(
            "How to read it: one column per model, from its config.json; the small figures "
                + "are relative to the teacher. Head width and vocabulary never change.");
        var table = new HtmlTable(["", .. models.Select(model => $">{run.TitleOf(model)}")]);
        foreach (var (name, value) in s_facts.Where(fact => models.Any(model => fact.Value(model.Config!) > 0)))
            table.Add(null,
                [new(name),
                    .. models.Select(model =>
                        Compared(value(model.Config!), run.TeacherOf(model)?.Config is { } teacher ? value(teacher) : null))]);
        table.Write(html);
        Layers(html, run);
    }

    private static string Capital(string words) => $"{char.ToUpperInvariant(words[0])}{words[1..]}";

    private static Cell Compared(long own, long? teacher) =>
        new(Units.Exact(own), teacher is { } its && its != own ? Figures.Share(own, its) : null);

    private static void Layers(HtmlBuilder html, ReportRun run)
    {
        foreach (var group in run.Arms.Where(arm => arm.Plan?.Layers is not null).GroupBy(arm => string.Join(' ', arm.Plan!.Layers)))
        {
            var kept = group.First().Plan!.Layers.ToHashSet();
            if (run.ModelOf(group.First(), "teacher")?.Config is not { } teacher || kept.Count >= teacher.Layers)
                continue;
            html.Leaf("h3",
                $"Layers kept{(run.HasArms ? $" by {string.Join(", ", group.Select(arm => arm.Name))}" : "")}: "
                    + $"{kept.Count} of {teacher.Layers}");
            using var strip = html.Open("ul", ("class", "strip"));
            for (var layer = 0; layer < teacher.Layers; layer++)
                html.Leaf("li", Units.Exact(layer), ("class", kept.Contains(layer) ? null : "gone"),
                    ("title", kept.Contains(layer) ? "kept" : "dropped"));
        }
    }
}

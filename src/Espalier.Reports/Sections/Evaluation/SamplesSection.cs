using Espalier.Reports.Html;
using Espalier.Reports.Runs;

namespace Espalier.Reports.Sections.Evaluation;

/// <summary>What the models write after the same beginnings, side by side.</summary>
internal static class SamplesSection
{
    /// <summary>Models of many arms beyond these are left out.</summary>
    private const int MostModels = 12;

    internal static void Write(HtmlBuilder html, ReportRun run)
    {
        var models = run.Models.Select(model => (Model: model, Texts: TextsOf(run, model))).Where(entry => entry.Texts.Count > 0).ToArray();
        if (models.Length == 0)
            return;
        html.Leaf("h2", "Samples");
        html.Note(
            $"How to read it: beginnings of documents of {string.Join(" and ", models.Select(model => model.Texts[0].Set).Distinct())}, "
                + "what follows there, and what each model writes instead, always taking the likeliest token. A few lines prove nothing; "
                + "they show what kind of mistakes a loss stands for.");
        // Arms with different texts have beginnings of their own.
        foreach (var (number, sample) in models.SelectMany(model => model.Texts).DistinctBy(sample => sample.Prompt).Index())
        {
            html.Leaf("h3", $"Opening {number + 1}");
            html.Leaf("blockquote", Visible(sample.Prompt));
            using var list = html.Open("ul", ("class", "samples"));
            One(html, "The text itself", sample.Original, "original");
            foreach (var (model, texts) in models.Take(MostModels))
                if (texts.FirstOrDefault(own => own.Prompt == sample.Prompt) is { } own)
                    One(html, run.TitleOf(model), own.Written, model.Row.Model == "student" ? "student" : null);
        }
        if (models.Length > MostModels)
            html.Leaf("p", $"{models.Length - MostModels} more models are left out here; their texts are in their stages.",
                ("class", "quiet"));
    }

    private static void One(HtmlBuilder html, string title, string text, string? cssClass)
    {
        using var item = html.Open("li", ("class", cssClass));
        html.Leaf("b", title);
        html.Leaf("span", Visible(text), ("class", "written"));
    }

    private static string Visible(string text) =>
        text.Length == 0 ? "(nothing)" : string.IsNullOrWhiteSpace(text) ? "(only white space)" : text;

    private static IReadOnlyList<Sample> TextsOf(ReportRun run, ReportModel model)
    {
        if (model.Row.Samples is not { } stage || run.Record(stage)?.Result is not { } result || result["samples"] is not JsonArray samples)
            return [];
        return [.. samples.Select(sample =>
            new Sample(result["set"].TextOf() ?? "", sample?["prompt"].TextOf() ?? "", Marked(sample, "original"), Marked(sample, "written")))];
    }

    /// <summary>A text, with a mark where it goes on that was not taken or written.</summary>
    private static string Marked(JsonNode? sample, string name) =>
        (sample?[name].TextOf() ?? "") + (sample?[$"{name}_is_cut"]?.GetValueKind() == JsonValueKind.True ? " …" : "");

    private sealed record Sample(string Set, string Prompt, string Original, string Written);
}

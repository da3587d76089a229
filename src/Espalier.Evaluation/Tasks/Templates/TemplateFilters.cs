using System.Text.RegularExpressions;

namespace Espalier.Evaluation.Tasks.Templates;

/// <summary>What a field of a template passes through; one of the two is there.</summary>
/// <param name="Whole">Makes another text of it.</param>
/// <param name="Parts">Makes a list of it.</param>
internal sealed record TemplateFilter(Func<string, string>? Whole, Func<string, string[]>? Parts = null);

/// <summary>The filters of templates, by their names.</summary>
internal static partial class TemplateFilters
{
    /// <summary>All of them.</summary>
    public static IReadOnlyDictionary<string, TemplateFilter> All { get; } = new Dictionary<string, TemplateFilter>(StringComparer.Ordinal)
    {
        ["strip"] = new(PythonText.Strip),
        ["capitalize"] = new(PythonText.Capitalize),
        ["lower"] = new(text => text.ToLowerInvariant()),
        ["underscores"] = new(text => text.Replace('_', ' ')),
        ["before-blank"] = new(text => text.IndexOf('_', StringComparison.Ordinal) is >= 0 and var blank ? text[..blank] : text),
        ["after-blank"] = new(text => text.IndexOf('_', StringComparison.Ordinal) is >= 0 and var blank ? text[(blank + 1)..] : ""),
        ["wikihow"] = new(Wikihow),
        ["wikitext"] = new(WikitextText.Detokenized),
        // Python's text.rsplit(" ", 1): a text without a blank is all last word.
        ["last-word"] = new(text => text[(text.LastIndexOf(' ') + 1)..]),
        ["but-last-word"] = new(text => text.LastIndexOf(' ') is >= 0 and var blank ? text[..blank] : ""),
        ["period"] = new(text => text.EndsWith('.') ? text : $"{text}."),
        ["semicolons"] = new(null, text => [.. text.Split(';').Select(PythonText.Strip).Where(part => part.Length > 0)]),
    };

    // What HellaSwag's texts of WikiHow have in them (lm_eval/tasks/hellaswag/utils.py).
    private static string Wikihow(string text) =>
        InBrackets().Replace(PythonText.Strip(text).Replace(" [title]", ". ", StringComparison.Ordinal), "")
            .Replace("  ", " ", StringComparison.Ordinal);

    [GeneratedRegex(@"\[.*?\]")]
    private static partial Regex InBrackets();
}

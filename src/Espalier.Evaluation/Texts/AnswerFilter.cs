using Espalier.Evaluation.Tasks;
using Espalier.Evaluation.Tasks.Templates;

namespace Espalier.Evaluation.Texts;

/// <summary>
/// Finds the answer in what a model wrote, as lm-evaluation-harness's regex filter does (lm_eval/filters/extraction.py): of the first or
/// the last match the first group that is not empty, without white space around it.
/// </summary>
/// <param name="Name">Its name, which the metric bears: exact_match,NAME.</param>
/// <param name="Regex">What an answer looks like; null takes all that was written, as it is.</param>
/// <param name="TakesLast">Whether the last match counts, else the first.</param>
/// <param name="Fallback">The answer where nothing matches.</param>
internal sealed record AnswerFilter(string Name, TaskRegex? Regex, bool TakesLast, string Fallback)
{
    /// <summary>The harness's answer where nothing matches.</summary>
    public const string Invalid = "[invalid]";

    /// <summary>The filter of a task that names none: all that was written.</summary>
    public static AnswerFilter None { get; } = new("none", null, false, Invalid);

    /// <summary>Reads the keys regex, match and fallback.</summary>
    public static AnswerFilter Read(string name, TaskFields fields)
    {
        var filter = new AnswerFilter(name, TaskRegex.Parse(fields.Text("regex"), fields.Place("regex")),
            fields.Word("match", false, ("first", false), ("last", true)), fields.TextOrNull("fallback") ?? Invalid);
        fields.Close();
        return filter;
    }

    /// <summary>The answer.</summary>
    public string Of(string response)
    {
        if (Regex is null)
            return response;
        var matches = Regex.FindAll(response);
        if (matches.Count == 0)
            return Fallback;
        var groups = matches[TakesLast ? ^1 : 0];
        // A lone group counts as it is; of several, the first that is not empty.
        return groups.Length == 1 ? PythonText.Strip(groups[0])
            : PythonText.Strip(groups.FirstOrDefault(group => group.Length > 0) ?? Fallback);
    }
}

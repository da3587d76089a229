using System.Text.RegularExpressions;
using Espalier.Evaluation.Tasks.Templates;

namespace Espalier.Evaluation.Instructions;

/// <summary>Instructions about a response's form (IFEval's instructions.py).</summary>
internal static class Formats
{
    private static readonly Regex s_starred = PythonRegex.Of(@"^\s*\*[^\*].*$", RegexOptions.Multiline);
    private static readonly Regex s_dashed = PythonRegex.Of(@"^\s*-.*$", RegexOptions.Multiline);
    private static readonly Regex s_highlight = PythonRegex.Of(@"\*[^\n\*]*\*");
    private static readonly Regex s_doubleHighlight = PythonRegex.Of(@"\*\*[^\n\*]*\*\*");
    private static readonly Regex s_title = PythonRegex.Of(@"<<[^\n]+>>");
    private static readonly string[] s_answers = ["My answer is yes.", "My answer is no.", "My answer is maybe."];

    /// <summary>detectable_format:number_bullet_lists: exactly <c>num_bullets</c> lines that begin with one asterisk or a dash.</summary>
    public static Predicate<string> Bullets(InstructionArguments asked)
    {
        var count = asked.Number("num_bullets");
        return response => s_starred.Count(response) + s_dashed.Count(response) == count;
    }

    /// <summary>detectable_format:constrained_response: it has one of the three answers of the paper in it.</summary>
    public static Predicate<string> ConstrainedResponse(InstructionArguments asked) =>
        response => Array.Exists(s_answers, answer => response.Contains(answer, StringComparison.Ordinal));

    /// <summary>
    /// detectable_format:number_highlighted_sections: at least <c>num_highlights</c> parts of a line between asterisks; what is between
    /// double ones is looked for apart, so that one between three asterisks counts twice.
    /// </summary>
    public static Predicate<string> Highlights(InstructionArguments asked)
    {
        var least = asked.Number("num_highlights");
        return response => s_highlight.Matches(response).Count(match => HasText(match.Value.Trim('*')))
            + s_doubleHighlight.Matches(response).Count(match => HasText(match.Value[2..^2])) >= least;
    }

    /// <summary>
    /// detectable_format:multiple_sections: <c>section_spliter</c>, a pattern, with a number after it is there at least
    /// <c>num_sections</c> times.
    /// </summary>
    public static Predicate<string> Sections(InstructionArguments asked)
    {
        var (splitter, least) = (PythonText.Strip(asked.Text("section_spliter")), asked.Number("num_sections"));
        var section = asked.Pattern(
            "section_spliter", "a word such as Section, or another regular expression,", @"\s?" + splitter + @"\s?\d+\s?");
        return response => section.Count(response) >= least;
    }

    /// <summary>detectable_format:json_format: the whole is JSON, as Python reads it, maybe in a block of Markdown.</summary>
    public static Predicate<string> Json(InstructionArguments asked) => response =>
    {
        var text = PythonText.Strip(response);
        // One after the other, as removeprefix is called: what is left is looked at again.
        foreach (var opening in (string[])["```json", "```Json", "```JSON", "```"])
            text = text.StartsWith(opening, StringComparison.Ordinal) ? text[opening.Length..] : text;
        text = text.EndsWith("```", StringComparison.Ordinal) ? text[..^3] : text;
        return PythonJson.IsValid(PythonText.Strip(text));
    };

    /// <summary>detectable_format:title: a line has a title in double angular brackets.</summary>
    public static Predicate<string> Title(InstructionArguments asked) =>
        response => s_title.Matches(response).Any(match => HasText(match.Value.TrimStart('<').TrimEnd('>')));

    private static bool HasText(string text) => PythonText.Strip(text).Length > 0;
}

using System.Text.RegularExpressions;
using Espalier.Evaluation.Tasks.Templates;

namespace Espalier.Evaluation.Instructions;

/// <summary>Instructions about what is in a response, where it begins and where it ends (IFEval's instructions.py).</summary>
internal static class Contents
{
    private static readonly Regex s_placeholder = PythonRegex.Of(@"\[.*?\]");

    /// <summary>detectable_content:number_placeholders: at least <c>num_placeholders</c> in square brackets, each within a line.</summary>
    public static Predicate<string> Placeholders(InstructionArguments asked)
    {
        var least = asked.Number("num_placeholders");
        return response => s_placeholder.Count(response) >= least;
    }

    /// <summary>
    /// detectable_content:postscript: <c>postscript_marker</c> is somewhere, in any case; blanks may be between the letters of P.S. and
    /// P.P.S, and another marker is a pattern.
    /// </summary>
    public static Predicate<string> Postscript(InstructionArguments asked)
    {
        var marker = PythonText.Strip(asked.Text("postscript_marker"));
        var pattern = marker switch
        {
            "P.P.S" => @"p\.\s?p\.\s?s",
            "P.S." => @"p\.\s?s\.",
            _ => PythonLetters.Lower(marker),
        };
        var postscript = asked.Pattern("postscript_marker", "P.S., P.P.S or another regular expression", pattern);
        return response => postscript.IsMatch(PythonLetters.Lower(response));
    }

    /// <summary>
    /// combination:two_responses: two different ones with six asterisks between them; only before the first and after the last may be
    /// nothing.
    /// </summary>
    public static Predicate<string> TwoResponses(InstructionArguments asked) => response =>
    {
        string[] parts = [.. response.Split("******").Select(PythonText.Strip)];
        string[] full = [.. parts.Where(part => part.Length > 0)];
        return !parts.Skip(1).SkipLast(1).Contains("") && full.Length == 2 && full[0] != full[1];
    };

    /// <summary>combination:repeat_prompt: it begins with <c>prompt_to_repeat</c>, in any case.</summary>
    public static Predicate<string> RepeatedPrompt(InstructionArguments asked)
    {
        var prompt = Folded(asked.Text("prompt_to_repeat"));
        return response => Folded(response).StartsWith(prompt, StringComparison.Ordinal);
    }

    /// <summary>startend:end_checker: it ends with <c>end_phrase</c>, in any case; quotation marks around the whole do not count.</summary>
    public static Predicate<string> End(InstructionArguments asked)
    {
        var end = Folded(asked.Text("end_phrase"));
        return response => PythonLetters.Lower(PythonText.Strip(response).Trim('"')).EndsWith(end, StringComparison.Ordinal);
    }

    /// <summary>startend:quotation: the whole is between double quotation marks.</summary>
    public static Predicate<string> Quotation(InstructionArguments asked) =>
        response => PythonText.Strip(response) is ['"', .., '"'];

    /// <summary>punctuation:no_comma: there is none.</summary>
    public static Predicate<string> NoComma(InstructionArguments asked) => response => !response.Contains(',', StringComparison.Ordinal);

    private static string Folded(string text) => PythonLetters.Lower(PythonText.Strip(text));
}

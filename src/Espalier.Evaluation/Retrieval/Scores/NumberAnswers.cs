using System.Numerics;
using System.Text.RegularExpressions;
using Espalier.Evaluation.FunctionCalls.Values;
using Espalier.Evaluation.Tasks.Templates;

namespace Espalier.Evaluation.Retrieval.Scores;

/// <summary>
/// Whether a sentence holds the right number, by ChatRAG-Bench's rules for ConvFinQA (evaluation/get_scores.py): the number or the formula
/// that gives it, as it is or in one of the forms that people write it in. A number is any text that is part of the answer, so that 5 is in
/// 15 too.
/// </summary>
internal static class NumberAnswers
{
    private static readonly Regex s_wordInParentheses = PythonRegex.Of(@"\((\b\w+\b)\)");

    /// <summary>Whether the answer holds the number, or the formula.</summary>
    /// <param name="question">The last question: where it asks for a percent, a hundred times the number counts too.</param>
    /// <param name="number">The right number as the data have it, a JSON number or a text such as yes.</param>
    /// <param name="formula">The formula, such as 10 / 20; null where there is none.</param>
    public static bool Holds(string answer, string question, JsonElement number, string? formula)
    {
        var text = Plain(answer);
        var gold = number.ValueKind switch
        {
            JsonValueKind.Number => Python(number),
            JsonValueKind.String => number.GetString()!,
            _ => number.GetRawText(),
        };
        if (Has(gold) || formula is not null && Has(formula))
            return true;
        if (PyNumbers.Float(gold) is not { } value || !double.IsFinite(value))
            return false;
        return Has(PyNumbers.Text(Rounded(value, 3))) || Has(PyNumbers.Text(Rounded(value, 2)))
            || question.Contains("percent", StringComparison.Ordinal) && IsPercent(value * 100)
            || gold.EndsWith(".0", StringComparison.Ordinal) && Has(new BigInteger(value).ToString(CultureInfo.InvariantCulture))
            || number.ValueKind == JsonValueKind.Number && value < 0 && text.Contains("decrease", StringComparison.Ordinal)
                && Has(gold[1..]);

        bool Has(string form) => text.Contains(form, StringComparison.Ordinal);

        bool IsPercent(double percent) => Has(PyNumbers.Text(percent)) || Has(PyNumbers.Text(Rounded(percent, 1)))
            || Has(PyNumbers.Text(Rounded(percent, 2)));
    }

    /// <summary>
    /// An answer without thousands' commas, dollar signs, million and billion, and single words in parentheses, its words one blank apart.
    /// </summary>
    public static string Plain(string answer)
    {
        foreach (var ignored in (string[])[",", "$", "million", "billion"])
            answer = answer.Replace(ignored, "", StringComparison.Ordinal);
        return string.Join(' ', PythonLetters.Split(s_wordInParentheses.Replace(answer, "")));
    }

    /// <summary>
    /// A number to so many decimals as Python's <c>round</c> has it: what is exactly in the middle goes to the even digit, and nothing else
    /// is in the middle for being written so.
    /// </summary>
    public static double Rounded(double value, int digits)
    {
        // In the middle is what is an odd number of 2^-(digits + 1): then twice the number, moved by the digits, is odd too.
        var parts = Math.ScaleB(value, digits + 1);
        if (!double.IsInteger(parts) || double.IsEvenInteger(parts) || !double.IsFinite(parts))
            return double.Parse(value.ToString($"F{digits}", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
        var below = (new BigInteger(parts) * BigInteger.Pow(5, digits) - 1) / 2;
        return double.Parse($"{(below.IsEven ? below : below + 1)}E-{digits}", CultureInfo.InvariantCulture);
    }

    // JSON's whole numbers are Python's int, all others its float.
    private static string Python(JsonElement number)
    {
        var raw = number.GetRawText();
        return raw.AsSpan().IndexOfAny('.', 'e', 'E') < 0 ? raw : PyNumbers.Text(number.GetDouble());
    }
}

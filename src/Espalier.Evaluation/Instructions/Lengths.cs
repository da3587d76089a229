using System.Text.RegularExpressions;
using Espalier.Evaluation.Tasks.Templates;

namespace Espalier.Evaluation.Instructions;

/// <summary>Instructions about how much there is (IFEval's instructions.py).</summary>
internal static class Lengths
{
    private static readonly Regex s_divider = PythonRegex.Of(@"\s?\*\*\*\s?");

    /// <summary>length_constraints:number_sentences: <c>relation</c> <c>num_sentences</c>, by <see cref="Sentences"/>.</summary>
    public static Predicate<string> NumberOfSentences(InstructionArguments asked) =>
        asked.Compared("relation", "num_sentences", response => Sentences.Of(response).Count);

    /// <summary>length_constraints:number_words: <c>relation</c> <c>num_words</c>, where a word is <c>\w+</c>: "don't" is two.</summary>
    public static Predicate<string> NumberOfWords(InstructionArguments asked) =>
        asked.Compared("relation", "num_words", PythonLetters.Words);

    /// <summary>
    /// length_constraints:number_paragraphs: exactly <c>num_paragraphs</c> between dividers of three asterisks; the first and the last may
    /// be empty and do not count, another may not.
    /// </summary>
    public static Predicate<string> NumberOfParagraphs(InstructionArguments asked)
    {
        var count = asked.Number("num_paragraphs");
        return response =>
        {
            bool[] empty = [.. s_divider.Split(response).Select(IsEmpty)];
            return !empty.Skip(1).SkipLast(1).Contains(true) && empty.Count(isEmpty => !isEmpty) == count;
        };
    }

    /// <summary>
    /// length_constraints:nth_paragraph_first_word: exactly <c>num_paragraphs</c> that are not empty between empty lines, and paragraph
    /// <c>nth_paragraph</c>, counted with the empty ones, begins with <c>first_word</c>.
    /// </summary>
    public static Predicate<string> FirstWordOfParagraph(InstructionArguments asked)
    {
        var (count, nth) = (asked.Number("num_paragraphs", 1), asked.Number("nth_paragraph", 1));
        var first = PythonLetters.Lower(asked.Text("first_word"));
        if (nth > count)
            throw asked.Wrong("nth_paragraph", $"a whole number from 1 to {count}, the number of paragraphs,");
        return response =>
        {
            var paragraphs = response.Split("\n\n");
            var full = paragraphs.Count(paragraph => !IsEmpty(paragraph));
            return full == count && !IsEmpty(paragraphs[nth - 1]) && FirstWord(paragraphs[nth - 1]) == first;
        };
    }

    // Quotation marks before it are left out, and it ends at the first mark.
    private static string FirstWord(string paragraph)
    {
        var word = PythonLetters.Split(paragraph)[0].TrimStart('\'').TrimStart('"');
        return PythonLetters.Lower(word.IndexOfAny(['.', ',', '?', '!', '\'', '"']) is >= 0 and var end ? word[..end] : word);
    }

    private static bool IsEmpty(string text) => PythonText.Strip(text).Length == 0;
}

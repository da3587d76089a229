using System.Text;

namespace Espalier.Evaluation.Retrieval;

/// <summary>
/// Words as BM25 compares them: runs of letters and digits, in small letters. No word is left out and none is cut to its stem.
/// </summary>
internal static class SearchWords
{
    /// <summary>The words of a text, in their order.</summary>
    public static IReadOnlyList<string> Of(string text)
    {
        var (words, word) = (new List<string>(), new StringBuilder());
        foreach (var rune in text.EnumerateRunes())
        {
            // Marks belong to their letter, as vowel signs do.
            if (Rune.IsLetterOrDigit(rune) || word.Length > 0 && Rune.GetUnicodeCategory(rune)
                is System.Globalization.UnicodeCategory.NonSpacingMark or System.Globalization.UnicodeCategory.SpacingCombiningMark)
                word.Append(Rune.ToLowerInvariant(rune).ToString());
            else
                End();
        }
        End();
        return words;

        void End()
        {
            if (word.Length == 0)
                return;
            words.Add(word.ToString());
            word.Clear();
        }
    }
}

namespace Espalier.Evaluation.LongContext;

/// <summary>How right an answer is, by RULER's string_match_all and string_match_part (scripts/eval/synthetic/constants.py).</summary>
internal static class RulerScore
{
    /// <summary>
    /// The share of references that the answer contains, letters large or small; where one is enough, 1 if it contains any.
    /// </summary>
    /// <param name="references">What it should contain, at least one.</param>
    /// <param name="anyCounts">Whether one is enough.</param>
    public static double Of(string answer, IReadOnlyList<string> references, bool anyCounts)
    {
        // What is not printed parts lines there, and a reference that it stands in is not contained.
        var text = string.Concat(answer.Select(static c => c < ' ' ? '\n' : c));
        var found = references.Count(reference => text.Contains(reference, StringComparison.OrdinalIgnoreCase));
        return anyCounts ? Math.Min(found, 1) : (double)found / references.Count;
    }
}

using Espalier.Evaluation.Tasks;
using Espalier.Evaluation.Tasks.Templates;

namespace Espalier.Evaluation.Texts;

/// <summary>
/// Whether an answer is the right one: the same text after what does not count is removed from both, as lm-evaluation-harness's
/// exact_match does (lm_eval/api/metrics.py).
/// </summary>
/// <param name="Ignored">What is removed, one after the other.</param>
/// <param name="IgnoresCase">Whether both are compared in small letters.</param>
internal sealed record AnswerComparison(IReadOnlyList<TaskRegex> Ignored, bool IgnoresCase)
{
    /// <summary>Reads the keys ignore and ignore-case; null compares texts as they are.</summary>
    public static AnswerComparison Read(TaskFields? fields)
    {
        if (fields is null)
            return new([], false);
        var comparison = new AnswerComparison(
            [.. (fields.Texts("ignore") ?? []).Select(pattern => TaskRegex.Parse(pattern, fields.Place("ignore")))],
            fields.Switch("ignore-case", false));
        fields.Close();
        return comparison;
    }

    /// <summary>Whether they are the same.</summary>
    public bool AreSame(string answer, string right) => string.Equals(Bare(answer), Bare(right), StringComparison.Ordinal);

    private string Bare(string text)
    {
        text = Ignored.Aggregate(text, static (rest, ignored) => ignored.Remove(rest));
        return IgnoresCase ? text.ToLowerInvariant() : text;
    }
}

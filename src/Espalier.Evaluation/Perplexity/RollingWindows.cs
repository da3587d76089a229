using Espalier.Evaluation.Requests;

namespace Espalier.Evaluation.Perplexity;

/// <summary>
/// Parts a text that is longer than a model so that each of its ids is predicted once, as lm-evaluation-harness does with a context of one
/// id (lm_eval/utils.py, get_rolling_token_windows): the first window has the prefix before it; each further one reads the last id of the
/// one before and predicts as many as there are positions; the last one, which predicts what is left, reads as many ids before it as fit.
/// </summary>
internal static class RollingWindows
{
    /// <summary>The windows of a text: what is read, and what is predicted after it.</summary>
    /// <param name="prefix">What the first id is predicted from.</param>
    public static IEnumerable<ScoredRequest> Of(int[] ids, int prefix, int positions)
    {
        for (var start = 0; start < ids.Length;)
        {
            var end = Math.Min(start + positions, ids.Length);
            int[] context = start == 0 ? [prefix] : ids[Math.Max(0, end - positions - 1)..start];
            yield return new(context, [ids[start..end]]);
            start = end;
        }
    }
}

using Espalier.Models.Tokenizers;

namespace Espalier.Compression.Evaluation;

/// <summary>A context and what follows it, as the ids that a model reads and those that are scored.</summary>
/// <param name="Context">Ids of the context, at least one.</param>
/// <param name="Continuation">Ids that are scored, at least one.</param>
internal sealed record ContinuationIds(int[] Context, int[] Continuation)
{
    /// <summary>
    /// Encodes both as lm-evaluation-harness does: white space at the end of the context belongs to what follows, whose ids are those of
    /// both together after the number that the context has alone. Without a context the first id is BOS, or EOS where there is none; where
    /// there is neither, it is the first one of the text, which is read and not scored.
    /// </summary>
    /// <param name="context">The context; may be empty.</param>
    /// <param name="continuation">What is scored, with the white space that parts it from the context.</param>
    /// <exception cref="EspalierException">What is scored has no id of its own.</exception>
    public static ContinuationIds Of(Tokenizer tokenizer, string context, string continuation)
    {
        var bare = context.TrimEnd();
        continuation = context[bare.Length..] + continuation;
        int[] before = context.Length == 0 && (tokenizer.BosId ?? tokenizer.EosId) is { } prefix ? [prefix] : Encode(tokenizer, bare);
        var alone = context.Length == 0 && before.Length > 0;
        var whole = alone ? OneBos([.. before, .. tokenizer.Encode(continuation, addSpecialTokens: false)], tokenizer.BosId)
            : Encode(tokenizer, bare + continuation);
        var after = whole[Math.Min(before.Length, whole.Length)..];
        if (before.Length == 0 && after.Length > 1)
            (before, after) = (after[..1], after[1..]);
        return after.Length > 0 && before.Length > 0 ? new(before, after)
            : throw new EspalierException(
                $"the choice '{OneLine.Clipped(continuation.Trim(), 40)}' after '{OneLine.Clipped(context, 40)}' has no token of its own "
                    + "to score: write it so that it begins a word");
    }

    /// <summary>
    /// The ids that a model with so many positions is given, the last of which is predicted and not read: cut on the left where there are
    /// too many.
    /// </summary>
    /// <param name="positions">The model's positions.</param>
    /// <exception cref="EspalierException">What is scored has more ids than there are positions.</exception>
    public int[] Within(int positions)
    {
        if (Continuation.Length > positions)
            throw new EspalierException($"has {Continuation.Length} tokens, but the model has {positions} positions: shorten it");
        int[] all = [.. Context, .. Continuation];
        return all[Math.Max(0, all.Length - (positions + 1))..];
    }

    private static int[] Encode(Tokenizer tokenizer, string text) => OneBos(tokenizer.Encode(text), tokenizer.BosId);

    // A text that brings its own BOS gets no second one.
    private static int[] OneBos(int[] ids, int? bos) =>
        ids is [var first, var second, ..] && first == second && first == bos ? ids[1..] : ids;
}

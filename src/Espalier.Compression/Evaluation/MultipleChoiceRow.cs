using Espalier.Models.Tokenizers;

namespace Espalier.Compression.Evaluation;

/// <summary>One choice after its context, as ids.</summary>
/// <param name="Ids">Context and choice, cut on the left to what the model has positions for.</param>
/// <param name="Scored">How many ids at the end are the choice's.</param>
/// <param name="Characters">Unicode characters of the choice, without blanks around it: what its log-likelihood is divided by.</param>
internal sealed record MultipleChoiceRow(int[] Ids, int Scored, int Characters)
{
    /// <summary>
    /// Encodes a choice. What ends the context as white space belongs to the choice, as tokenizers have it; the choice's ids are those of
    /// context and choice together after the number that the context has alone, and follow the context's own.
    /// </summary>
    /// <param name="tokenizer">The model's.</param>
    /// <param name="context">The context.</param>
    /// <param name="choice">The choice.</param>
    /// <param name="positions">The model's positions.</param>
    /// <exception cref="EspalierException">The choice has no id of its own, or more than there are positions.</exception>
    public static MultipleChoiceRow Of(Tokenizer tokenizer, string context, string choice, int positions)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        var bare = context.TrimEnd();
        var blank = context.Length == 0 || bare.Length < context.Length || char.IsWhiteSpace(choice[0]) ? "" : " ";
        var continuation = context[bare.Length..] + blank + choice;
        var alone = context.Length == 0 && tokenizer.BosId is not null;
        int[] before = alone ? [tokenizer.BosId!.Value] : tokenizer.Encode(bare);
        var whole = alone ? [.. before, .. tokenizer.Encode(continuation, addSpecialTokens: false)] : tokenizer.Encode(bare + continuation);
        var after = whole[Math.Min(before.Length, whole.Length)..];
        // Without a token to begin with, the first one is read and not scored.
        if (before.Length == 0 && after.Length > 1)
            (before, after) = (after[..1], after[1..]);
        if (after.Length == 0 || before.Length == 0)
            throw new EspalierException(
                $"the choice '{Clip(choice)}' after '{Clip(context)}' has no token of its own to score: write it so that it begins a word");
        if (after.Length > positions)
            throw new EspalierException(
                $"the choice '{Clip(choice)}' has {after.Length} tokens and the model {positions} positions: shorten it");
        int[] all = [.. before, .. after];
        // The last id is predicted and not read.
        return new(all[Math.Max(0, all.Length - (positions + 1))..], after.Length, Length(choice));
    }

    private static int Length(string choice) => Math.Max(1, choice.Trim().EnumerateRunes().Count());

    private static string Clip(string text) => OneLine.Clipped(text.Length > 40 ? $"{text[..40]}..." : text);
}

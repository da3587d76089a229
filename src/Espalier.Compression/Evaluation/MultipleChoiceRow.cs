using Espalier.Models.Tokenizers;

namespace Espalier.Compression.Evaluation;

/// <summary>One choice after its context, as ids.</summary>
/// <param name="Ids">Context and choice, cut on the left to what the model has positions for.</param>
/// <param name="Scored">How many ids at the end are the choice's.</param>
/// <param name="Characters">Unicode characters of the choice, without blanks around it: what its log-likelihood is divided by.</param>
internal sealed record MultipleChoiceRow(int[] Ids, int Scored, int Characters)
{
    /// <summary>
    /// Encodes a choice (<see cref="ContinuationIds.Of"/>), a blank before it where neither context nor choice has one.
    /// </summary>
    /// <param name="tokenizer">The model's.</param>
    /// <param name="context">The context.</param>
    /// <param name="choice">The choice.</param>
    /// <param name="positions">The model's positions.</param>
    /// <exception cref="EspalierException">The choice has no id of its own, or more than there are positions.</exception>
    public static MultipleChoiceRow Of(Tokenizer tokenizer, string context, string choice, int positions)
    {
        var blank = context.Length == 0 || char.IsWhiteSpace(context[^1]) || char.IsWhiteSpace(choice[0]) ? "" : " ";
        var ids = ContinuationIds.Of(tokenizer, context, blank + choice);
        try
        {
            return new(ids.Within(positions), ids.Continuation.Length, Length(choice));
        }
        catch (EspalierException error)
        {
            throw new EspalierException($"the choice '{ContinuationIds.Clip(choice)}' {error.Message}");
        }
    }

    private static int Length(string choice) => Math.Max(1, choice.Trim().EnumerateRunes().Count());
}

using Espalier.Evaluation.Requests;
using Espalier.Evaluation.Texts;
using Espalier.Models.Generation;

namespace Espalier.Evaluation.Health;

/// <summary>What a model wrote after a beginning, and what it makes of what the first model wrote there.</summary>
/// <param name="Ids">Its ids.</param>
/// <param name="Reference">Ids of what the first model wrote.</param>
/// <param name="LogLikelihood">Σ log p of those under this model, nats; 0 of none.</param>
internal sealed record ContinuationResult(GeneratedPrompt Prompt, Generation Made, int[] Ids, int[] Reference, double LogLikelihood)
    : TextResult(Prompt, Made)
{
    /// <summary>Whether it is one of several sampled texts, which are held against nothing.</summary>
    public bool IsSampled { get; init; }

    public override double Score(string metric) => metric switch
    {
        ContinuationKind.Loss => Reference.Length == 0 ? 0 : -LogLikelihood / Reference.Length,
        ContinuationKind.Agreed => Reference.Length == 0 ? Ids.Length == 0 ? 1 : 0
            : (double)TextMeasures.Agreed(Ids, Reference) / Reference.Length,
        ContinuationKind.Repetition => TextMeasures.Repetition(Ids, 4),
        ContinuationKind.DistinctIds => TextMeasures.Distinct(Ids, 1),
        ContinuationKind.DistinctPairs => TextMeasures.Distinct(Ids, 2),
        ContinuationKind.Tokens => Made.Tokens,
        _ => Made.End == GenerationEnd.Length ? 0 : 1,
    };

    public override double Weight(string metric) => metric == ContinuationKind.Loss ? Reference.Length : 1;

    public override void Write(Utf8JsonWriter json)
    {
        json.WriteString("prompt", Prompt.Text);
        base.Write(json);
        if (!IsSampled)
        {
            json.WriteNumber("reference_tokens", Reference.Length);
            json.WriteNumber("reference_log_likelihood", LogLikelihood);
            json.WriteNumber("agreed_tokens", TextMeasures.Agreed(Ids, Reference));
        }
        json.WriteNumber(ContinuationKind.Repetition, Score(ContinuationKind.Repetition));
        json.WriteNumber(ContinuationKind.DistinctIds, Score(ContinuationKind.DistinctIds));
        json.WriteNumber(ContinuationKind.DistinctPairs, Score(ContinuationKind.DistinctPairs));
    }
}

using Espalier.Evaluation.Documents;
using Espalier.Evaluation.Tasks.Metrics;

namespace Espalier.Evaluation.Perplexity;

/// <summary>What a model gave a document's target.</summary>
/// <param name="LogLikelihood">Of the target, nats.</param>
/// <param name="IsGreedy">Whether each of its tokens is the likeliest there.</param>
internal sealed record LikelihoodResult(TaskDocument Document, double LogLikelihood, bool IsGreedy, int Cut) : DocumentResult(Document, Cut)
{
    public override double Score(string metric) => metric == "perplexity" ? -LogLikelihood : IsGreedy ? 1 : 0;

    public override void Write(Utf8JsonWriter json)
    {
        json.WriteNumber("log_likelihood", LogLikelihood);
        json.WriteBoolean("greedy", IsGreedy);
    }
}

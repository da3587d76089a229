using Espalier.Evaluation.Tasks.Metrics;

namespace Espalier.Evaluation.Perplexity;

/// <summary>How surprised a model was by a text.</summary>
/// <param name="LogLikelihood">Of all its tokens, nats.</param>
internal sealed record PerplexityResult(PerplexityText Text, double LogLikelihood, int Tokens) : DocumentResult(Text.Document, Cut: 0)
{
    public override double Score(string metric) => -LogLikelihood / Weight(metric) / (metric == "bits_per_byte" ? Math.Log(2) : 1);

    public override double Weight(string metric) => metric switch
    {
        "word_perplexity" => Text.Words,
        "token_perplexity" => Tokens,
        _ => Text.Bytes,
    };

    public override void Write(Utf8JsonWriter json)
    {
        json.WriteNumber("log_likelihood", LogLikelihood);
        json.WriteNumber("tokens", Tokens);
        json.WriteNumber("words", Text.Words);
        json.WriteNumber("bytes", Text.Bytes);
    }
}

using Espalier.Evaluation.Requests;
using Espalier.Evaluation.Tasks;
using Espalier.Evaluation.Tasks.Metrics;
using Espalier.Models.Tokenizers;

namespace Espalier.Evaluation.Perplexity;

/// <summary>What a model gave one text, as the cache has it.</summary>
/// <param name="LogLikelihood">Of the whole text, nats.</param>
/// <param name="Tokens">Ids that were predicted.</param>
internal sealed record KeptLikelihood(double LogLikelihood, int Tokens);

/// <summary>Texts that a model predicts from their first id to their last.</summary>
internal sealed class PerplexityQuestions(IReadOnlyList<(string Subject, IReadOnlyList<PerplexityText> Questions)> asked)
    : TaskQuestions<PerplexityText>(asked)
{
    public override IReadOnlyList<DocumentResult> Ask(AskedModel model, string name, IProgressReporter progress, CancellationToken stop)
    {
        var kept = model.Kept<KeptLikelihood>(Questions.Select(text => text.Text).Prepend("rolling"));
        if (kept?.Read(progress.Note) is not { } likelihoods || likelihoods.Length != Questions.Count)
        {
            likelihoods = Score(model.Decoder(), model.Tokenizer, name, progress, stop);
            kept?.Write(likelihoods);
        }
        return [.. Questions.Zip(likelihoods, (text, likelihood) =>
            new PerplexityResult(text, likelihood.LogLikelihood, likelihood.Tokens))];
    }

    private KeptLikelihood[] Score(Decoder decoder, Tokenizer tokenizer, string name, IProgressReporter progress, CancellationToken stop)
    {
        var prefix = tokenizer.BosId ?? tokenizer.EosId
            ?? throw new EspalierException(
                "the model's tokenizer has neither BOS nor EOS to predict a text's first token from");
        int[][] ids = [.. Questions.Select(text => Encode(tokenizer, text, decoder.Config))];
        var requests = new List<ScoredRequest>();
        var owners = new List<int>();
        foreach (var (text, of) in ids.Index())
            foreach (var window in RollingWindows.Of(of, prefix, decoder.Config.MaxPositions))
            {
                requests.Add(window);
                owners.Add(text);
            }
        using var task = progress.Begin(name, requests.Count, "windows");
        var scores = new LogLikelihoods(decoder).Of(requests, done => task.Advance(done), stop);
        var sums = new double[Questions.Count];
        foreach (var (owner, score) in owners.Zip(scores))
            sums[owner] += score[0].LogLikelihood;
        return [.. sums.Zip(ids, (sum, of) => new KeptLikelihood(sum, of.Length))];
    }

    // With what the tokenizer itself puts around a text, as the harness does: where that is BOS, BOS is predicted from BOS too.
    private static int[] Encode(Tokenizer tokenizer, PerplexityText text, DecoderConfig config)
    {
        try
        {
            var ids = tokenizer.Encode(text.Text);
            tokenizer.RequireRows(ids, config.VocabularySize, "documents");
            return tokenizer.DoublesBos(ids) ? ids[1..] : ids;
        }
        catch (EspalierException error)
        {
            throw new EspalierException($"{text.Document.Place}: {error.Message}");
        }
    }
}

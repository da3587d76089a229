using Espalier.Evaluation.Requests;
using Espalier.Evaluation.Tasks;
using Espalier.Evaluation.Tasks.Metrics;

namespace Espalier.Evaluation.Perplexity;

/// <summary>Texts that a model predicts from their first id to their last.</summary>
internal sealed class PerplexityQuestions(IReadOnlyList<(string Subject, IReadOnlyList<PerplexityText> Questions)> asked)
    : TaskQuestions<PerplexityText>(asked)
{
    public override IReadOnlyList<DocumentResult> Ask(AskedModel model, string name, IProgressReporter progress, CancellationToken stop)
    {
        var tokenizer = model.Tokenizer;
        var prefix = tokenizer.BosId ?? tokenizer.EosId
            ?? throw new EspalierException(
                "the model's tokenizer has neither BOS nor EOS to predict a text's first token from");
        int[][] ids = [.. Questions.Select(text => Encode(model, text))];
        (int Text, ScoredRequest Window)[] windows =
            [.. ids.SelectMany((of, text) => RollingWindows.Of(of, prefix, model.Positions).Select(window => (text, window)))];
        using var task = progress.Begin(name, windows.Length, "windows");
        var sums = new double[ids.Length];
        foreach (var (window, score) in windows.Zip(
            KeptLogLikelihoods.Of(model, "rolling", windows.Select(window => window.Window), progress, task, stop)))
            sums[window.Text] += score;
        return [.. Questions.Select((text, i) => new PerplexityResult(text, sums[i], ids[i].Length))];
    }

    // With what the tokenizer itself puts around a text, as the harness does: where that is BOS, BOS is predicted from BOS too.
    private static int[] Encode(AskedModel model, PerplexityText text)
    {
        try
        {
            var ids = model.Tokenizer.Encode(text.Text);
            model.Tokenizer.RequireRows(ids, model.Rows, "documents");
            ids = model.Tokenizer.DoublesBos(ids) ? ids[1..] : ids;
            return ids.Length > 0 ? ids : throw new EspalierException("the text has no tokens, so there is nothing to predict");
        }
        catch (EspalierException error)
        {
            throw new EspalierException($"{text.Document.Place}: {error.Message}");
        }
    }
}

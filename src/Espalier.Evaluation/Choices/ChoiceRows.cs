using Espalier.Compression.Importance.Depth;
using Espalier.Evaluation.Requests;
using Espalier.Evaluation.Tasks;
using Espalier.Models.Tokenizers;

namespace Espalier.Evaluation.Choices;

/// <summary>A task of choices as rows of ids, for who runs variants of a model on it.</summary>
internal static class ChoiceRows
{
    /// <summary>The rows of a task.</summary>
    /// <exception cref="EspalierException">It has no choices, or one cannot be scored; its place is named.</exception>
    public static DepthTask Of(TaskDefinition task, TaskQuestions questions, Tokenizer tokenizer, DecoderConfig config)
    {
        if (questions is not ChoiceQuestions { Questions: var prompts })
            throw new EspalierException(
                $"task {task.Name}: is of kind {task.Kind.Name}, but layers are judged by the likeliest choice: "
                + "use a task of kind choice or partial, such as arc_easy");
        var loss = task.Kind.Losses[0];
        var metric = task.Kind.Metrics.Any(metric => metric.Name == "acc_norm") ? "acc_norm" : "acc";
        return new(
            [.. prompts.SelectMany(prompt => prompt.Pairs.Select(pair => ChoiceEvaluator.Encode(tokenizer, prompt, pair, config)))
                .Select(ids => new ScoredRow(ids.Within(config.MaxPositions), ids.Continuation.Length))],
            logLikelihoods =>
            {
                var results = Results(prompts, logLikelihoods);
                return new(results.Average(loss.Of), results.Average(result => result.Score(metric)));
            });
    }

    private static List<ChoiceResult> Results(IReadOnlyList<ChoicePrompt> prompts, IReadOnlyList<double> logLikelihoods)
    {
        var (results, row) = (new List<ChoiceResult>(), 0);
        foreach (var prompt in prompts)
        {
            // Whether a choice would be written greedily is not looked at.
            results.Add(new(prompt, [.. prompt.Pairs.Select((_, i) => new ContinuationScore(logLikelihoods[row + i], false))], Cut: 0));
            row += prompt.Pairs.Count;
        }
        return results;
    }
}

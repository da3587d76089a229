using Espalier.Compression;
using Espalier.Evaluation.Requests;
using Espalier.Evaluation.Tasks;

namespace Espalier.Evaluation.Choices;

/// <summary>What a model gave one document's choices, as the cache has it.</summary>
/// <param name="LogLikelihoods">Of each choice, nats.</param>
/// <param name="IsGreedy">Whether each id of the choice is the likeliest there.</param>
/// <param name="Cut">Ids of the context that were cut.</param>
internal sealed record KeptScores(double[] LogLikelihoods, bool[] IsGreedy, int Cut);

/// <summary>Questions whose choices a model scores.</summary>
/// <param name="asked">The prompts of each subject.</param>
internal sealed class ChoiceQuestions(IReadOnlyList<(string Subject, IReadOnlyList<ChoicePrompt> Prompts)> asked) : TaskQuestions
{
    private readonly ChoicePrompt[] _prompts = [.. asked.SelectMany(subject => subject.Prompts)];

    /// <inheritdoc/>
    public override IReadOnlyList<(string Subject, int Documents)> Subjects =>
        [.. asked.Select(subject => (subject.Subject, subject.Prompts.Count))];

    /// <inheritdoc/>
    public override IReadOnlyList<DocumentResult> Ask(AskedModel model, string name, IProgressReporter progress, CancellationToken stop)
    {
        var kept = model.Kept<KeptScores>(
            _prompts.SelectMany(prompt => prompt.Pairs.SelectMany(pair => new[] { pair.Context, pair.Continuation })));
        if (kept is not null && Known(kept.Read()) is { } before)
            return before;
        var results = ChoiceEvaluator.Run(model.Decoder(), model.Tokenizer, _prompts, name, progress, stop);
        kept?.Write([.. results.Select(result => new KeptScores(
            [.. result.Scores.Select(score => score.LogLikelihood)], [.. result.Scores.Select(score => score.IsGreedy)], result.Cut))]);
        return results;
    }

    private List<ChoiceResult>? Known(KeptScores[] kept)
    {
        if (kept.Length != _prompts.Length)
            return null;
        var results = new List<ChoiceResult>();
        foreach (var (prompt, scores) in _prompts.Zip(kept))
        {
            if (scores.LogLikelihoods?.Length != prompt.Pairs.Count || scores.IsGreedy?.Length != prompt.Pairs.Count)
                return null;
            results.Add(new(prompt, [.. scores.LogLikelihoods.Zip(scores.IsGreedy, (ll, greedy) => new ContinuationScore(ll, greedy))],
                scores.Cut));
        }
        return results;
    }
}

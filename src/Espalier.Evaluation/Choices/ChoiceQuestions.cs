using Espalier.Evaluation.Requests;
using Espalier.Evaluation.Tasks;
using Espalier.Evaluation.Tasks.Metrics;

namespace Espalier.Evaluation.Choices;

/// <summary>What a model gave one document's choices, as the cache has it.</summary>
/// <param name="LogLikelihoods">Of each choice, nats.</param>
/// <param name="IsGreedy">Whether each id of the choice is the likeliest there.</param>
/// <param name="Cut">Ids of the context that were cut.</param>
internal sealed record KeptScores(double[] LogLikelihoods, bool[] IsGreedy, int Cut);

/// <summary>Questions whose choices a model scores.</summary>
internal sealed class ChoiceQuestions(IReadOnlyList<(string Subject, IReadOnlyList<ChoicePrompt> Questions)> asked)
    : TaskQuestions<ChoicePrompt>(asked)
{
    /// <summary>
    /// Documents that are asked and remembered together: what a stop or a kill costs at most. It never depends on what is remembered, so
    /// that what goes through the model together, and with it the last bits, are the same after a stop.
    /// </summary>
    internal const int Piece = 64;

    public override long Requests => Questions.Sum(prompt => (long)prompt.Pairs.Count);

    public override IReadOnlyList<DocumentResult> Ask(AskedModel model, string name, IProgressReporter progress, CancellationToken stop)
    {
        using var task = progress.Begin(name, Questions.Count, "documents");
        var results = new List<ChoiceResult>();
        foreach (var piece in (model.Chat is { } chat ? Questions.Select(prompt => prompt.In(chat)) : Questions).Chunk(Piece))
        {
            var kept = model.Kept<KeptScores>(
                piece.SelectMany(prompt => prompt.Pairs.SelectMany(pair => new[] { pair.Context, pair.Continuation })));
            if (kept is not null && Known(piece, kept.Read(progress.Note)) is { } before)
            {
                results.AddRange(before);
                task.Advance(piece.Length);
                continue;
            }
            var made = ChoiceEvaluator.Run(model.Decoder(), model.Tokenizer, piece, done => task.Advance(done), stop);
            kept?.Write([.. made.Select(result => new KeptScores(
                [.. result.Scores.Select(score => score.LogLikelihood)], [.. result.Scores.Select(score => score.IsGreedy)], result.Cut))]);
            results.AddRange(made);
        }
        return results;
    }

    private static List<ChoiceResult>? Known(ChoicePrompt[] piece, KeptScores[] kept)
    {
        if (kept.Length != piece.Length)
            return null;
        var results = new List<ChoiceResult>();
        foreach (var (prompt, scores) in piece.Zip(kept))
        {
            if (scores.LogLikelihoods?.Length != prompt.Pairs.Count || scores.IsGreedy?.Length != prompt.Pairs.Count || scores.Cut < 0
                || scores.LogLikelihoods.Any(value => !(value <= 0)))
                return null;
            results.Add(new(prompt, [.. scores.LogLikelihoods.Zip(scores.IsGreedy, (ll, greedy) => new ContinuationScore(ll, greedy))],
                scores.Cut));
        }
        return results;
    }
}

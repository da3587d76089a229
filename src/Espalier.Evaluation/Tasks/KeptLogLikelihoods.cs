using Espalier.Evaluation.Requests;

namespace Espalier.Evaluation.Tasks;

/// <summary>The log-likelihood of a text, as the cache has it.</summary>
/// <param name="LogLikelihood">Nats.</param>
internal sealed record KeptLogLikelihood(double LogLikelihood);

/// <summary>Texts of one continuation each that a model scores, piece by piece: what it scored before is not scored again.</summary>
internal static class KeptLogLikelihoods
{
    // As of choices (ChoiceQuestions.Piece): never by what is remembered.
    private const int Piece = 64;

    /// <summary>Log-likelihoods of the requests' continuations, in their order.</summary>
    /// <param name="kind">What they are asked for: others' are other ones.</param>
    /// <param name="task">Advances by a request each.</param>
    public static IReadOnlyList<double> Of(AskedModel model, string kind, IEnumerable<ScoredRequest> requests, IProgressReporter progress,
        IProgressTask task, CancellationToken stop)
    {
        var all = new List<double>();
        foreach (var piece in requests.Chunk(Piece))
        {
            var kept = model.Kept<KeptLogLikelihood>(piece.Select(request => string.Join(' ', request.Context.Append(-1)
                .Concat(request.Continuations[0]).Select(id => id.ToString(CultureInfo.InvariantCulture)))).Prepend(kind));
            var known = kept?.Read(progress.Note) ?? [];
            if (known.Length == piece.Length && known.All(one => one.LogLikelihood <= 0))
                task.Advance(piece.Length);
            else
            {
                known = [.. new LogLikelihoods(model.Decoder()).Of(piece, done => task.Advance(done), stop)
                    .Select(scores => new KeptLogLikelihood(scores[0].LogLikelihood))];
                kept?.Write(known);
            }
            all.AddRange(known.Select(one => one.LogLikelihood));
        }
        return all;
    }
}

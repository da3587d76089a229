using Espalier.Evaluation.Requests;
using Espalier.Evaluation.Tasks;
using Espalier.Evaluation.Tasks.Metrics;

namespace Espalier.Evaluation.Sampling;

/// <summary>
/// Questions that are answered greedily and then several times by sampling. Each attempt is a pass over all questions with its own place in
/// the cache: a stop loses what a stop of one pass loses, and more attempts go on from those that are there.
/// </summary>
internal sealed class SampledQuestions(TaskQuestions inner, SampledKind kind) : TaskQuestions
{
    public override IReadOnlyList<(string Subject, int Documents)> Subjects => inner.Subjects;

    public override long Requests => inner.Requests * (1 + kind.Attempts.Count);

    public override IReadOnlyList<DocumentResult> Ask(AskedModel model, string name, IProgressReporter progress, CancellationToken stop)
    {
        var greedy = inner.Ask(model, name, progress, stop);
        var attempts = new List<IReadOnlyList<DocumentResult>>();
        for (var i = 0; i < kind.Attempts.Count; i++)
            attempts.Add(inner.Ask(model with { Attempt = new Attempt(kind.Attempts, i) },
                $"{name}, attempt {i + 1} of {kind.Attempts.Count}", progress, stop));
        return [.. greedy.Select((document, i) => new SampledResult(kind, document, [.. attempts.Select(attempt => attempt[i])]))];
    }
}

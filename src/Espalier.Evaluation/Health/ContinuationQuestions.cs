using Espalier.Compression.Evaluation;
using Espalier.Evaluation.Requests;
using Espalier.Evaluation.Tasks;
using Espalier.Evaluation.Tasks.Metrics;
using Espalier.Evaluation.Texts;

namespace Espalier.Evaluation.Health;

/// <summary>Beginnings from which models go on; the first model that is asked is the one that the others are held against.</summary>
internal sealed class ContinuationQuestions(ContinuationKind kind, string task,
    IReadOnlyList<(string Subject, IReadOnlyList<GeneratedPrompt> Questions)> asked) : TaskQuestions<GeneratedPrompt>(asked)
{
    private string[]? _reference;

    public override IReadOnlyList<DocumentResult> Ask(AskedModel model, string name, IProgressReporter progress, CancellationToken stop)
    {
        var texts = TextQuestions.Texts(model, kind, Questions, name, progress, stop);
        _reference ??= [.. texts.Select(text => text.Text)];
        if (_reference.All(text => text.Length == 0))
            throw new EspalierException($"task {task}: the first model wrote nothing after any of its {Questions.Count} openings");
        var ids = texts.Zip(Questions, (text, prompt) => Ids(model, prompt, text.Text)).ToArray();
        // A sampled text is held against none.
        var references = _reference.Zip(Questions, (text, prompt) => Ids(model, prompt, model.Attempt is null ? text : "")).ToArray();
        var losses = Losses(model, references, name, progress, stop);
        return [.. Questions.Select((prompt, i) =>
            new ContinuationResult(prompt, texts[i], ids[i].Continuation, references[i].Continuation, losses[i])
            { IsSampled = model.Attempt is not null })];
    }

    // What was written may be a piece of a character, which has no ids of its own.
    private static ContinuationIds Ids(AskedModel model, GeneratedPrompt prompt, string text)
    {
        try
        {
            return text.Length == 0 ? new([], []) : ContinuationIds.Of(model.Tokenizer, prompt.Text, text);
        }
        catch (EspalierException)
        {
            return new([], []);
        }
    }

    private static double[] Losses(AskedModel model, ContinuationIds[] references, string name, IProgressReporter progress,
        CancellationToken stop)
    {
        int[] scored = [.. Enumerable.Range(0, references.Length).Where(i => references[i].Continuation.Length > 0)];
        using var work = progress.Begin($"{name}: loss", scored.Length, "texts");
        var known = KeptLogLikelihoods.Of(model, "continuation",
            scored.Select(i => new ScoredRequest(references[i].Context, [references[i].Continuation])), progress, work, stop);
        var losses = new double[references.Length];
        foreach (var (i, score) in scored.Zip(known))
            losses[i] = score;
        return losses;
    }
}

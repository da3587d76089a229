using Espalier.Evaluation.Requests;
using Espalier.Evaluation.Tasks;
using Espalier.Evaluation.Tasks.Metrics;

namespace Espalier.Evaluation.Texts;

/// <summary>What a model wrote to one document, as the cache has it.</summary>
/// <param name="Place">The document's place among those of the task.</param>
/// <param name="Cut">Ids of the prompt that were cut.</param>
internal sealed record KeptText(int Place, string Text, int Tokens, GenerationEnd End, int Cut);

/// <summary>Questions that a model answers in its own words.</summary>
internal sealed class TextQuestions(GeneratedKind kind, TaskSettings settings,
    IReadOnlyList<(string Subject, IReadOnlyList<GeneratedPrompt> Questions)> asked) : TaskQuestions<GeneratedPrompt>(asked)
{
    // So many texts are lost to a kill at most, or a sixteenth of those there are: each time all are written.
    private const int KeptTogether = 16;

    public override IReadOnlyList<DocumentResult> Ask(AskedModel model, string name, IProgressReporter progress, CancellationToken stop)
    {
        IReadOnlyList<GeneratedPrompt> prompts = model.Chat is { } chat ? [.. Questions.Select(prompt => prompt.In(chat))] : Questions;
        return kind.Judge(prompts, Texts(model, kind, prompts, name, progress, stop), settings, name, progress, stop);
    }

    /// <summary>What a model writes to prompts; what it wrote before is not written again, also after a stop.</summary>
    public static IReadOnlyList<Generation> Texts(AskedModel model, WrittenKind kind, IReadOnlyList<GeneratedPrompt> prompts, string name,
        IProgressReporter progress, CancellationToken stop)
    {
        var kept = model.Kept<KeptText>([$"{kind.MaxTokens}", .. kind.Stop, "", .. prompts.Select(prompt => prompt.Text),
            .. model.Attempt is { } attempt ? ["", attempt.Identity, string.Join(' ', prompts.Select(prompt => prompt.Document.Number))]
                : Array.Empty<string>()]);
        // What cannot have been written by a model is not remembered, whoever changed the file.
        var made = (kept?.Read(progress.Note) ?? []).Where(text => text.Place >= 0 && text.Place < prompts.Count && text.Text is not null
            && text.Tokens >= 0 && text.Cut >= 0 && Enum.IsDefined(text.End)).DistinctBy(text => text.Place)
            .ToDictionary(text => text.Place, text => new Generation(text.Text, text.Tokens, text.End, text.Cut));
        var written = made.Count;
        if (made.Count < prompts.Count)
            try
            {
                GeneratedEvaluator.Run(model.Generations(), kind, prompts, name, progress, new Dictionary<int, Generation>(made),
                    (place, text) =>
                    {
                        made[place] = text;
                        if (made.Count - written >= Math.Max(KeptTogether, written / KeptTogether))
                            Keep();
                    }, model.Attempt, stop);
            }
            finally
            {
                Keep();
            }
        return [.. Enumerable.Range(0, prompts.Count).Select(place => made[place])];

        void Keep()
        {
            kept?.Write([.. made.OrderBy(text => text.Key)
                .Select(text => new KeptText(text.Key, text.Value.Text, text.Value.Tokens, text.Value.End, text.Value.Cut))]);
            written = made.Count;
        }
    }
}

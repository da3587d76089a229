using Espalier.Evaluation.Documents;
using Espalier.Evaluation.LongContext.Materials;
using Espalier.Evaluation.Requests;
using Espalier.Evaluation.Tasks;
using Espalier.Evaluation.Tasks.Metrics;
using Espalier.Evaluation.Texts;

namespace Espalier.Evaluation.LongContext;

/// <summary>What a model wrote to a question over a long context.</summary>
/// <param name="Prompt">What was asked, without its text: that is long, and made again when it is needed.</param>
/// <param name="References">What the answer should contain.</param>
/// <param name="Value">How right it is, from 0 to 1.</param>
/// <param name="Length">Tokens of question and answer at most.</param>
internal sealed record RulerResult(GeneratedPrompt Prompt, Generation Made, IReadOnlyList<string> References, double Value, int Length)
    : TextResult(Prompt, Made)
{
    public override double Score(string metric) => Value;

    public override void Write(Utf8JsonWriter json)
    {
        base.Write(json);
        json.WriteList("references", References, json.WriteStringValue);
        json.WriteNumber("score", Value);
        json.WriteNumber("context_length", Length);
    }
}

/// <summary>
/// Questions that are made for each model, in its own tokens: what is asked is the same for all, and what fills the context as long as each
/// model's tokenizer has it.
/// </summary>
internal sealed class RulerQuestions(RulerKind kind, RulerMaker maker, IReadOnlyList<int> lengths, int count) : TaskQuestions
{
    public override IReadOnlyList<(string Subject, int Documents)> Subjects =>
        [.. lengths.Select(length => (lengths.Count == 1 ? "" : $"{length} tokens", count))];

    public override IReadOnlyList<DocumentResult> Ask(AskedModel model, string name, IProgressReporter progress, CancellationToken stop)
    {
        if (maker.Note is { } note && model.Attempt is null)
            progress.Note($"{name}: {note}");
        // One length after the other: prompts are long.
        return [.. lengths.SelectMany(length => Ask(model, name, length, progress, stop))];
    }

    private List<RulerResult> Ask(AskedModel model, string name, int length, IProgressReporter progress, CancellationToken stop)
    {
        var task = maker.Of(length);
        var (prompts, references) = (new List<GeneratedPrompt>(), new List<IReadOnlyList<string>>());
        using (var making = progress.Begin($"{name}: {length} tokens", count, "questions"))
            foreach (var question in LengthFit.Questions(task, model.Tokenizer, new(length, kind.MaxTokens, kind.Seed), count, name))
            {
                stop.ThrowIfCancellationRequested();
                prompts.Add(new(new TaskDocument(s_nothing, $"{name}, {length} tokens, question {prompts.Count + 1}", prompts.Count),
                    question.Prompt));
                references.Add(question.References);
                making.Advance(1);
            }
        var texts = TextQuestions.Texts(model, kind, prompts, name, progress, stop);
        return [.. prompts.Select((prompt, i) => new RulerResult(prompt with { Text = "" }, texts[i], references[i],
            RulerScore.Of(texts[i].Text, references[i], task.AnyCounts), length))];
    }

    private static readonly JsonElement s_nothing =
        JsonSerializer.SerializeToElement(new Dictionary<string, string>(), PlainJson.Of<Dictionary<string, string>>());
}

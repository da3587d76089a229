using Espalier.Evaluation.Tasks;
using Espalier.Evaluation.Tasks.Metrics;
using Espalier.Evaluation.Tasks.Templates;
using Espalier.Evaluation.Texts;

namespace Espalier.Evaluation.Health;

/// <summary>
/// How well a model goes on from a beginning, beside the first model that is asked, the teacher: whether it would write what that wrote,
/// how far both agree, and whether its own text repeats itself or never ends. Loss on given text tells none of it.
/// </summary>
/// <param name="Words">So many words of a document's prompt are its beginning; null all.</param>
internal sealed record ContinuationKind(IReadOnlyList<string> Stop, int MaxTokens, int? Words) : WrittenKind(null, Stop, MaxTokens)
{
    /// <summary>
    /// The mean loss of what the first model wrote, a token; the share of it before both part; repetition of four ids; different ones,
    /// pairs; tokens that were written; texts that came to their end.
    /// </summary>
    public const string Loss = "continuation_perplexity", Agreed = "agreed", Repetition = "repetition_4", DistinctIds = "distinct_1",
        DistinctPairs = "distinct_2", Tokens = "tokens", Ended = "ended";

    public override string Name => "continuation";

    public override bool NeedsFirst => true;

    public override IReadOnlyList<Metric> Metrics { get; } =
    [
        new(Loss, MetricScale.Perplexity), new(Agreed), new(Repetition) { IsLowerBetter = true }, new(DistinctIds), new(DistinctPairs),
        new(Tokens, MetricScale.Plain), new(Ended),
    ];

    /// <inheritdoc/>
    /// <remarks>
    /// Nats a token of what the first model wrote, and, for that is nothing that the model itself wrote, how much of its own text repeats.
    /// </remarks>
    public override IReadOnlyList<TaskLoss> Losses { get; } =
        [new("", Loss, result => result.Score(Loss)), new("repetition", null, result => result.Score(Repetition))];

    /// <inheritdoc/>
    /// <remarks>The first model's text, against which the others are held, is the greedy one.</remarks>
    public override IReadOnlyList<Metric> Sampled => [.. Metrics.Where(metric => metric.Name is not (Loss or Agreed))];

    public override TaskQuestions Questions(TaskDefinition task, TaskSettings settings) => new ContinuationQuestions(this, task.Name,
        [.. Prompts(task, settings)
            .Select(subject => (subject.Subject, (IReadOnlyList<GeneratedPrompt>)[.. subject.Prompts.Select(Begin)]))]);

    /// <summary>Reads its keys.</summary>
    public static ContinuationKind Read(TaskFields fields) => new(
        fields.Texts("stop") ?? [],
        fields.Number("max-tokens", UsualTokens, least: 1),
        fields.Number("words", 0, least: 1) is > 0 and var words ? words : null);

    private GeneratedPrompt Begin(GeneratedPrompt prompt)
    {
        if (Words is not { } words)
            return prompt;
        var (text, at) = (prompt.Text, 0);
        for (var word = 0; word < words && at < text.Length; word++)
        {
            while (at < text.Length && PythonLetters.IsWhite(text[at]))
                at++;
            while (at < text.Length && !PythonLetters.IsWhite(text[at]))
                at++;
        }
        return prompt with { Text = text[..at] };
    }
}

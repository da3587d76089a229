using Espalier.Evaluation.Tasks;
using Espalier.Evaluation.Tasks.Metrics;
using Espalier.Evaluation.Tasks.Templates;

namespace Espalier.Evaluation.Perplexity;

/// <summary>
/// How surprised a model is by whole texts, which are the prompts: lm-evaluation-harness's loglikelihood_rolling
/// (<see cref="RollingWindows"/>).
/// </summary>
/// <param name="Counted">The text whose words and bytes are counted, for the one that is read may have been tidied.</param>
internal sealed record PerplexityKind(Template Counted) : TaskKind
{
    public override string Name => "perplexity";

    public override bool TakesShots => false;

    public override IReadOnlyList<Metric> Metrics { get; } =
    [
        new("word_perplexity", MetricScale.Perplexity), new("byte_perplexity", MetricScale.Perplexity),
        new("bits_per_byte", MetricScale.Bits), new("token_perplexity", MetricScale.Perplexity),
    ];

    /// <inheritdoc/>
    /// <remarks>Nats a byte of each text.</remarks>
    public override IReadOnlyList<TaskLoss> Losses =>
        [new("", "byte_perplexity", result => result.Weight("byte_perplexity") > 0 ? result.Score("byte_perplexity") : 0)];

    public override TaskQuestions Questions(TaskDefinition task, TaskSettings settings)
    {
        if (settings.Shots > 0)
            throw new EspalierException($"task {task.Name}: is of kind perplexity, which shows no shots; leave --shots away");
        return new PerplexityQuestions(
            [.. TaskData.Read(task, settings.Benchmarks, shots: false).Select(subject => (subject.Name,
                (IReadOnlyList<PerplexityText>)[.. subject.Documents.Take(settings.Limit ?? int.MaxValue)
                    .Select(document => PerplexityText.Of(document, task.Prompt.Fill(document), Counted.Fill(document)))]))]);
    }

    /// <summary>Reads its keys.</summary>
    public static PerplexityKind Read(TaskFields fields) => new(fields.TemplateOrNull("counted") ?? fields.Template("prompt"));
}

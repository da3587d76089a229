using Espalier.Evaluation.Choices;
using Espalier.Evaluation.Documents;
using Espalier.Evaluation.Tasks;
using Espalier.Evaluation.Tasks.Metrics;
using Espalier.Evaluation.Tasks.Templates;

namespace Espalier.Evaluation.Perplexity;

/// <summary>
/// How likely one target is after the prompt, and whether each of its tokens is the likeliest there: lm-evaluation-harness's loglikelihood.
/// </summary>
internal sealed record LikelihoodKind(Template Target) : TaskKind
{
    public override string Name => "likelihood";

    public override IReadOnlyList<Metric> Metrics { get; } = [new("acc"), new("perplexity", MetricScale.Perplexity)];

    /// <inheritdoc/>
    /// <remarks>Nats of the target: whether its every token is the likeliest moves too late.</remarks>
    public override IReadOnlyList<TaskLoss> Losses => [new("", "acc", result => result.Score("perplexity"))];

    public override TaskQuestions Questions(TaskDefinition task, TaskSettings settings)
    {
        var shots = settings.Shots ?? task.Shots.Count;
        return new LikelihoodQuestions([.. TaskData.Read(task, settings.Benchmarks, shots > 0).Select(subject => (subject.Name,
            (IReadOnlyList<ChoicePrompt>)[.. ShotTexts.Of(task, subject, shots, Shot, settings.Limit).Select(Prompt)]))]);

        string Shot(TaskDocument document) =>
            task.Prompt.Fill(document) + task.Delimiter + Target.Fill(document) + task.Shots.Separator;

        ChoicePrompt Prompt(AskedDocument asked)
        {
            var target = Target.Fill(asked.Document);
            return target.Length > 0
                ? new(asked.Document, [(asked.Before + task.Prompt.Fill(asked.Document), task.Delimiter + target)], [target], [0])
                : throw new EspalierException($"{asked.Document.Place}: the target is empty, so there is nothing to score");
        }
    }

    /// <summary>Reads its keys.</summary>
    public static LikelihoodKind Read(TaskFields fields) => new(fields.Template("target"));
}

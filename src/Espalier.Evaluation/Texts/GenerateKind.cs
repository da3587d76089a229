using Espalier.Evaluation.Documents;
using Espalier.Evaluation.Requests;
using Espalier.Evaluation.Tasks;
using Espalier.Evaluation.Tasks.Metrics;
using Espalier.Evaluation.Tasks.Templates;

namespace Espalier.Evaluation.Texts;

/// <summary>What one filter made of what a model wrote.</summary>
internal sealed record AnswerVerdict(string Filter, string Answer, bool IsRight);

/// <summary>
/// What a model writes after the prompt: lm-evaluation-harness's generate_until with exact_match, one metric a filter.
/// </summary>
/// <param name="Target">What a shot shows after the prompt, and what the answer is compared with.</param>
/// <param name="Filters">How the answer is found in it, at least one.</param>
internal sealed record GenerateKind(Template Target, IReadOnlyList<string> Stop, int MaxTokens, IReadOnlyList<AnswerFilter> Filters,
    AnswerComparison Comparison) : GeneratedKind(Target, Stop, MaxTokens)
{
    public override string Name => "generate";

    public override IReadOnlyList<Metric> Metrics =>
        [.. Filters.Select(filter => new Metric(MetricOf(filter.Name)) { IsRightOrWrong = true })];

    /// <summary>Reads its keys.</summary>
    public static GenerateKind Read(TaskFields fields) => new(
        fields.Template("target"),
        fields.Texts("stop") ?? [],
        fields.Number("max-tokens", UsualTokens, least: 1),
        fields.Named("filters") is { Count: > 0 } filters
            ? [.. filters.Select(filter => AnswerFilter.Read(filter.Name, filter.Fields))] : [AnswerFilter.None],
        AnswerComparison.Read(fields.Inner("compare")));

    public override IReadOnlyList<DocumentResult> Judge(IReadOnlyList<GeneratedPrompt> prompts, IReadOnlyList<Generation> texts,
        TaskSettings settings, string name, IProgressReporter progress, CancellationToken stop) =>
        [.. prompts.Zip(texts, (prompt, text) => new GeneratedResult(prompt, text, Judge(prompt.Document, text.Text)))];

    /// <summary>Judges what was written to a document, once with each filter.</summary>
    public IReadOnlyList<AnswerVerdict> Judge(TaskDocument document, string response)
    {
        var right = Target!.Fill(document);
        return [.. Filters.Select(filter =>
        {
            var answer = filter.Of(response);
            return new AnswerVerdict(filter.Name, answer, Comparison.AreSame(answer, right));
        })];
    }

    /// <summary>The metric of a filter.</summary>
    public static string MetricOf(string filter) => $"exact_match,{filter}";
}

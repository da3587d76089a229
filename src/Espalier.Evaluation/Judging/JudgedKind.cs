using Espalier.Evaluation.Documents;
using Espalier.Evaluation.Tasks;
using Espalier.Evaluation.Tasks.Metrics;
using Espalier.Evaluation.Texts;

namespace Espalier.Evaluation.Judging;

/// <summary>
/// Conversations of one turn or two, which another model grades (MT-Bench, arXiv 2306.05685). Its subjects are the categories.
/// </summary>
/// <param name="MaxTokens">Most tokens of each turn.</param>
/// <param name="JudgeFile">The file of the judge's prompts.</param>
/// <param name="References">The file of reference answers; null where there are none.</param>
/// <param name="Referenced">Categories that are judged with a reference.</param>
internal sealed record JudgedKind(
    IReadOnlyList<string> Stop, int MaxTokens, string JudgeFile, string? References, IReadOnlyList<string> Referenced)
    : WrittenKind(null, Stop, MaxTokens)
{
    /// <summary>Most tokens where a task says nothing: FastChat's number (fastchat/llm_judge/gen_model_answer.py).</summary>
    private const int TurnTokens = 1024;

    public override string Name => "judged";

    public override IReadOnlyList<Metric> Metrics => JudgedResult.Metrics;

    public override IReadOnlyList<Metric> Sampled => [];

    public override string NotInRecipes => "is graded by a judge, which must be named: espalier evaluate --tasks ... --judge";

    public override IReadOnlyList<string> OtherFiles => References is null ? [JudgeFile] : [JudgeFile, References];

    /// <summary>Reads its keys.</summary>
    public static JudgedKind Read(TaskFields fields)
    {
        var references = fields.Inner("references");
        var kind = new JudgedKind(fields.Texts("stop") ?? [], fields.Number("max-tokens", TurnTokens, least: 1),
            fields.Text("judge-prompts"), references?.Text("files"), references?.Texts("categories") ?? []);
        references?.Close();
        return kind;
    }

    public override bool TakesChatTemplate => true;

    public override string TextOf(TaskDefinition task, TaskDocument document) => string.Join(' ', JudgedQuestion.TurnsOf(document));

    public override TaskQuestions Questions(TaskDefinition task, TaskSettings settings)
    {
        if (settings.Shots > 0)
            throw new EspalierException($"task {task.Name}: takes no shots; leave --shots out");
        var judge = settings.Judge ?? throw new EspalierException(
            $"task {task.Name}: its answers are graded by another model; name it with --judge: an address, or a model folder");
        string File(string path) => TaskData.FileOf(task, settings.Benchmarks, path);
        var references = References is null ? [] : TaskDocuments.Read(File(References), columns: null);
        var questions = TaskData.Read(task, settings.Benchmarks, shots: false)
            .SelectMany(subject => JudgedQuestion.Of(subject.Documents, references, Referenced));
        return new JudgedQuestions(task, this, judge, JudgePrompts.Read(File(JudgeFile)),
        [
            .. questions.GroupBy(question => question.Category).Select(category =>
                (category.Key, (IReadOnlyList<JudgedQuestion>)[.. category.Take(settings.Limit ?? int.MaxValue)]))
        ]);
    }
}

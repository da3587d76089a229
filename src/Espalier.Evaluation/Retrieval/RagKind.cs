using Espalier.Evaluation.Documents;
using Espalier.Evaluation.Retrieval.Scores;
using Espalier.Evaluation.Tasks;
using Espalier.Evaluation.Tasks.Metrics;
using Espalier.Evaluation.Texts;

namespace Espalier.Evaluation.Retrieval;

/// <summary>
/// Questions of a conversation that passages answer, which a model reads before them; asked and scored as ChatRAG-Bench does (ChatQA, Liu
/// and others, arXiv 2401.10225). The passages are found in a set of the user's, or the documents bring them.
/// </summary>
/// <param name="Fields">What a document's fields are.</param>
/// <param name="Source">Where passages come from.</param>
/// <param name="Layout">What stands around them.</param>
internal sealed record RagKind(IReadOnlyList<string> Stop, int MaxTokens, RagFields Fields, PassageSource Source, RagLayout Layout,
    RagScoring Scoring) : WrittenKind(null, Stop, MaxTokens)
{
    // ChatRAG-Bench's number (scripts/arguments.py).
    private const int UsualAnswerTokens = 64;

    public override string Name => "rag";

    public override IReadOnlyList<Metric> Metrics => Scoring.Metrics;

    public override bool HasPrompt => false;

    public override IReadOnlyList<string> OtherFiles => Source.Set is { } set ? [set.Files.Files] : [];

    public override string WhatIsCut(int shots) => "lost the end of their passages; a smaller top makes them shorter";

    /// <inheritdoc/>
    /// <remarks>What the user says, without answers and passages.</remarks>
    public override string TextOf(TaskDefinition task, TaskDocument document) =>
        string.Join(' ', Fields.Of(document).Turns.Where(turn => turn.IsUser).Select(turn => turn.Text));

    /// <summary>Reads its keys.</summary>
    public static RagKind Read(TaskFields fields) => new(
        fields.Texts("stop") ?? [],
        fields.Number("max-tokens", UsualAnswerTokens, least: 1),
        RagFields.Read(fields),
        PassageSource.Read(fields),
        new(
            fields.TextOrNull("system") ?? RagLayout.UsualSystem,
            fields.TextOrNull("instruction") ?? RagLayout.UsualInstruction,
            fields.Word("instruction-before", true, ("first", true), ("last", false)),
            fields.Number("turns", RagLayout.UsualTurns, least: 1)),
        RagScoring.Read(fields));

    public override TaskQuestions Questions(TaskDefinition task, TaskSettings settings)
    {
        if ((settings.Shots ?? task.Shots.Count) > 0)
            throw new EspalierException($"task {task.Name}: is of kind rag, which takes no shots; leave --shots out");
        if (task.Description is not null)
            throw new EspalierException($"{task.Source}: description is not for tasks of kind rag; write it into system");
        var subjects = TaskData.Read(task, settings.Benchmarks, shots: false);
        var find = Source.Finder(task, settings.Benchmarks);
        var asked = subjects.Select(subject => (subject.Name, (IReadOnlyList<AskedRagQuestion>)[.. subject.Documents
            .Take(settings.Limit ?? int.MaxValue).Select(document => Asked(document, find))])).ToArray();
        Scoring.Check(task, [.. asked.SelectMany(subject => subject.Item2).Select(question => question.Question)]);
        return new RagQuestions(this, asked);
    }

    private AskedRagQuestion Asked(TaskDocument document, Func<RagQuestion, IReadOnlyList<ChatTurn>, IReadOnlyList<Passage>> find)
    {
        var question = Fields.Of(document);
        var passages = find(question, [.. question.Turns.TakeLast(Layout.Turns)]);
        return new(question, passages, RagPrompt.Of(Layout, question.Turns, passages));
    }
}

using Espalier.Evaluation.Documents;
using Espalier.Evaluation.LongContext.Materials;
using Espalier.Evaluation.Tasks;
using Espalier.Evaluation.Tasks.Metrics;
using Espalier.Evaluation.Texts;

namespace Espalier.Evaluation.LongContext;

/// <summary>
/// Questions over long contexts that are made here, as long as a number of the model's own tokens (RULER, Hsieh and others, arXiv
/// 2404.06654).
/// </summary>
/// <param name="MaxTokens">Most tokens that are written; they count to the length.</param>
/// <param name="Lengths">Tokens of question and answer, one a subject.</param>
/// <param name="Count">Questions of each length.</param>
/// <param name="Seed">What they are drawn by.</param>
internal sealed record RulerKind(IReadOnlyList<string> Stop, int MaxTokens, RulerMaterial Material, IReadOnlyList<int> Lengths, int Count,
    uint Seed) : WrittenKind(null, Stop, MaxTokens)
{
    // RULER's number of questions, and its least length.
    private const int UsualCount = 500, UsualLength = 4096;

    public override string Name => "ruler";

    /// <summary>The metric: RULER's name for it.</summary>
    public string MetricName => Material.AnyCounts ? "string_match_part" : "string_match_all";

    public override IReadOnlyList<Metric> Metrics => [new(MetricName) { IsRightOrWrong = Material.AnyCounts }];

    public override bool HasDocuments => Material.HasDocuments;

    public override IReadOnlyList<string> OtherFiles => Material.OtherFiles;

    /// <inheritdoc/>
    /// <remarks>Nothing: its questions are made, and no text has them.</remarks>
    public override string TextOf(TaskDefinition task, TaskDocument document) => "";

    public override string WhatIsCut(int shots) =>
        "were cut on the left, possibly with what the question asks for; use a smaller --context-length";

    /// <summary>Reads its keys.</summary>
    public static RulerKind Read(TaskFields fields)
    {
        var material = RulerMaterial.Read(fields);
        return new(
            fields.Texts("stop") ?? [],
            fields.Number("max-tokens", material.UsualAnswerTokens, least: 1),
            material,
            fields.Texts("lengths") is { } lengths ? [.. lengths.Select(length => Length(fields, length))] : [UsualLength],
            fields.Number("questions", UsualCount, least: 1),
            (uint)fields.Number("seed", (int)RulerLength.UsualSeed));
    }

    public override TaskQuestions Questions(TaskDefinition task, TaskSettings settings)
    {
        if ((settings.Shots ?? task.Shots.Count) > 0)
            throw new EspalierException($"task {task.Name}: is of kind ruler, which takes no shots; leave --shots out");
        if (task.Description is not null)
            throw new EspalierException($"{task.Source}: description is not for tasks of kind ruler; write it into prompt");
        var maker = Material.Maker(task, settings.Benchmarks);
        return new RulerQuestions(this, maker, settings.ContextLengths ?? Lengths,
            Math.Min(maker.MostQuestions, Math.Min(settings.Limit ?? Count, Count)));
    }

    private static int Length(TaskFields fields, string text) => Quantity.Count(text) is { } tokens and > 0 and <= 1 << 24 ? (int)tokens
        : throw new EspalierException($"{fields.Place("lengths")} is '{text}'; it must be a number of tokens, such as 4096");
}

using Espalier.Compression.Synthesis;
using Espalier.Compression.Training.Saving;
using Espalier.Evaluation.Catalog;
using Espalier.Evaluation.Tasks;
using Espalier.Models.Tokenizers;
using Espalier.Pipeline.Forecasts;
using Espalier.Pipeline.Options;
using Espalier.Pipeline.Options.Texts;
using Espalier.Pipeline.Runs;
using Espalier.Pipeline.Stages.Running;

namespace Espalier.Pipeline.Stages.Synthesis;

/// <summary>
/// Texts that the run's teacher writes, corrected where it was, once the student is trained: JSON lines to train on further. A stage that
/// was killed goes on from the texts that are there.
/// </summary>
/// <param name="teacher">The teacher.</param>
/// <param name="section">What it writes and what is kept.</param>
/// <param name="tasks">Benchmarks that models are asked: no text may hold their questions.</param>
/// <param name="benchmarks">The folder of benchmarks' files; null for what the environment names, else <c>benchmarks</c>.</param>
/// <param name="seed">The run's seed.</param>
internal sealed class SynthesizeStage(ModelSlot teacher, SynthesisOptions section, IReadOnlyList<TaskSection> tasks, string? benchmarks,
    long seed) : Stage
{
    /// <summary>The file inside the stage's folder.</summary>
    public const string FileName = "synthesized.jsonl";

    private SynthesisRun? _run;

    public override string Name => "synthesize";

    /// <summary>The file, once it ran.</summary>
    public Slot<ArtefactFile> Texts { get; init; } = new("the teacher's texts");

    protected override bool JudgesArtefacts => true;

    // Without prompts: these are read when it runs, and are few beside what is written.
    private long? MostTokens => section.Count is null && section.Prompts is not null ? null
        : (long)(section.Count ?? SynthesisOptions.UsualCount) * Math.Min(section.MaxTokens, teacher.Planned.MaxPositions);

    internal override StageForecast? Forecast() => new(
        Name, $"{teacher.Name} writes {Count} {From}, at most {section.MaxTokens} tokens each", null, MostTokens,
        MostTokens is { } most ? teacher.Planned.ForwardFlopsPerToken(Math.Min(section.MaxTokens, teacher.Planned.MaxPositions)) * most
            : null, TrainingForecast.WeightBytes(teacher.Planned))
    { Model = ModelForecast.Of(teacher.Planned, Math.Min(section.MaxTokens, teacher.Planned.MaxPositions)) };

    /// <summary>
    /// The section with a recipe's benchmarks among what texts are held against; those that make their questions have none.
    /// </summary>
    internal static SynthesisOptions Kept(SynthesisOptions section, IReadOnlyList<TaskSection> tasks) => section with
    {
        Decontaminate =
        [
            .. section.Decontaminate
                .Concat(tasks.Select(task => task.Task).Where(name => TaskCatalog.Find(name).Kind.HasDocuments)).Distinct(),
        ],
    };

    private string Count => section.Count is { } count ? Units.Counted(count, "text")
        : section.Prompts is not null ? "an answer to each prompt" : Units.Counted(SynthesisOptions.UsualCount, "text");

    private string From => section.Prompts is { } file ? $"to {file}"
        : section.Documents.Count > 0 ? $"on from {string.Join(", ", section.Documents)}" : "from nothing";

    public override void Run(RunContext run)
    {
        var model = teacher.Value;
        using var checkpoint = model.Open();
        _run = TeacherTexts.Of(checkpoint, model.Name, model.Hash, Kept(section, tasks), BenchmarksFolder.Find(benchmarks), seed,
            run.Progress, run.Stop);
        base.Run(run);
    }

    protected override JsonObject Options() => _run!.Settings;

    protected override IEnumerable<(string Name, string Hash)> Inputs() =>
        [("teacher", teacher.Value.Hash), ("tokenizer", Tokenizer.Load(teacher.Value.Path).Sha256)];

    protected override JsonObject? Work(RunContext run, StageFolder folder, SavedCheckpoint? checkpoint)
    {
        var result = _run!.Run(folder.PathOf(FileName), run.Progress, run.Stop);
        var summary = result.Summary;
        run.Progress.Note($"synthesize: {Units.Counted(summary.Written, "text")} written, {summary.Kept} kept"
            + string.Concat(summary.Dropped.Select(reason => $", {reason.Value} {reason.Key}")));
        if (DroppedTexts.Advice(summary.Written, summary.Kept, summary.Dropped) is { } advice)
            run.Progress.Warn($"synthesize: {advice}");
        folder.Timing.Append(0, ("seconds", result.Seconds), ("texts", result.NewTexts), ("tokens", result.NewTokens));
        return new()
        {
            ["written"] = summary.Written,
            ["kept"] = summary.Kept,
            ["dropped"] = new JsonObject(summary.Dropped.Select(reason => KeyValuePair.Create(reason.Key, (JsonNode?)reason.Value))),
            ["tokens"] = summary.Tokens,
            ["kept_tokens"] = summary.KeptTokens,
            ["perplexity"] = summary.Perplexity,
        };
    }

    protected override void Take(RunContext run, StageRecord record, string folder) =>
        Texts.Value = new(Path.Combine(folder, FileName), record.OutputHash);
}

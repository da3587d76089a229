using System.Text.Json.Serialization;
using Espalier.Compression.Evaluation;
using Espalier.Compression.Search;
using Espalier.Evaluation.Tasks;

namespace Espalier.Pipeline.Runs.Results;

/// <summary>A model's loss on one text.</summary>
/// <param name="Set">The text's name in the recipe.</param>
/// <param name="Nll">Mean negative log-likelihood, in nats per token.</param>
/// <param name="NllStandardError">Standard error of the mean over windows.</param>
/// <param name="Perplexity">e^nll.</param>
/// <param name="BitsPerByte">Bits per byte of text; null for ids without text.</param>
/// <param name="Tokens">Tokens predicted.</param>
public sealed record EvaluationRow(
    string Set, double Nll, [property: JsonPropertyName("nll_se")]
        double NllStandardError, double Perplexity, double? BitsPerByte, long Tokens)
{
    private const double Confidence = 0.95, Normal = 1.96;

    /// <summary>Windows that the mean is over; null in what an earlier program kept.</summary>
    [JsonInclude]
    internal int? Windows { get; init; }

    /// <summary>Half the width of the 95 % interval: Student's t over the windows, the normal where their number is not known.</summary>
    internal double HalfWidth =>
        NllStandardError * (Windows is > 1 and var n ? StudentT.TwoSidedQuantile(Confidence, n - 1) : Normal);
}

/// <summary>A metric of a benchmark.</summary>
/// <param name="Name">As lm-evaluation-harness names it, where it has it.</param>
/// <param name="Value">The share, number or perplexity.</param>
/// <param name="StandardError">Its standard error over documents; null of one.</param>
internal sealed record MetricRow(string Name, double Value, double? StandardError);

/// <summary>What a model makes of a benchmark.</summary>
/// <param name="Task">The task's name.</param>
/// <param name="Shots">Documents shown before each question.</param>
/// <param name="Documents">Documents asked.</param>
/// <param name="Cut">Contexts that were cut on the left, for the model has not so many positions.</param>
/// <param name="Metrics">What is counted; models are compared by the first.</param>
/// <param name="Stage">Folder inside <c>stages</c>, with a line a document in <c>documents.jsonl</c>.</param>
internal sealed record TaskRow(string Task, int Shots, int Documents, int Cut, IReadOnlyList<MetricRow> Metrics, string Stage);

/// <summary>One model in the final table.</summary>
/// <param name="Arm">The recipe's name.</param>
/// <param name="Model">teacher, corrected teacher, pruned, student.</param>
/// <param name="Path">Its folder.</param>
/// <param name="Parameters">All weights.</param>
/// <param name="NonEmbeddingParameters">All weights except the embedding table.</param>
/// <param name="Bytes">Bytes of the weights on disk.</param>
/// <param name="Evaluations">One for each text.</param>
/// <param name="Speed">Speed of greedy generation of one sequence; null if it was not measured.</param>
public sealed record ModelRow(
    string Arm, string Model, string Path, long Parameters, long NonEmbeddingParameters, long Bytes,
    IReadOnlyList<EvaluationRow> Evaluations, GenerationSpeed? Speed)
{
    /// <summary>
    /// Folder of its evaluation inside <c>stages</c>; models with equal contents, evaluated on the same texts, share it.
    /// </summary>
    public string? Stage { get; init; }

    /// <summary>What it makes of benchmarks; null where it was asked none.</summary>
    [JsonInclude]
    internal IReadOnlyList<TaskRow>? Tasks { get; init; }

    /// <summary>Folder inside <c>stages</c> with text that it generated; null without a tokenizer.</summary>
    public string? Samples { get; init; }

    /// <summary>The median of <see cref="Speed"/>.</summary>
    public double? TokensPerSecond => Speed?.Median;
}

/// <summary>One stage of the run.</summary>
/// <param name="Arm">The recipe's name.</param>
/// <param name="Stage">The stage's name.</param>
/// <param name="Folder">Its folder inside <c>stages</c>.</param>
/// <param name="Seconds">Wall-clock time, including interrupted attempts.</param>
/// <param name="Reused">Whether it had been done before and was reused.</param>
public sealed record StageRow(string Arm, string Stage, string Folder, double Seconds, bool Reused);

/// <summary>The result of running one recipe.</summary>
public sealed record CompressResult
{
    /// <summary>The recipe's name.</summary>
    public required string Arm { get; init; }

    /// <summary>Whether the recipe was run to completion; if not, this holds the results so far.</summary>
    public bool IsFinished { get; init; } = true;

    /// <summary>The run folder.</summary>
    public required string Output { get; init; }

    /// <summary>The student's Hugging Face folder.</summary>
    public required string Student { get; init; }

    /// <summary>Exported GGUF files.</summary>
    public required IReadOnlyList<string> Gguf { get; init; }

    /// <summary>The models, in the order of the recipe.</summary>
    public required IReadOnlyList<ModelRow> Rows { get; init; }

    /// <summary>The stages, in the order of the recipe.</summary>
    public required IReadOnlyList<StageRow> Stages { get; init; }

    /// <summary>File with the scores of the teacher's units; null if nothing was scored.</summary>
    public string? Scores { get; init; }

    /// <summary>File with the pruning plan that was applied, or null.</summary>
    public string? Plan { get; init; }

    /// <summary>JSON lines of the texts that the teacher wrote; null where the recipe has no <c>synthesize</c>.</summary>
    [JsonInclude]
    internal string? Synthesized { get; init; }

    /// <summary>The metrics.jsonl file of each training stage, by the stage's name.</summary>
    public required IReadOnlyDictionary<string, string> Metrics { get; init; }

    /// <summary>The shapes that were compared; null if the recipe gave the student's.</summary>
    public SearchResult? Search { get; init; }

    /// <summary>
    /// The models that were asked benchmarks beside each other, the teacher first; null where the recipe has none.
    /// </summary>
    [JsonInclude]
    internal IReadOnlyList<TaskComparison>? Tasks { get; init; }

    /// <summary>Names of the models that <see cref="Tasks"/> compares, in its order.</summary>
    [JsonIgnore]
    internal IReadOnlyList<string> TaskModels => [.. Tasks?[0].Results.Select(result => result.Model) ?? []];

    /// <summary>What each step of alignment did to the loss on its held-out part; null where there is none.</summary>
    [JsonInclude]
    internal IReadOnlyList<AlignRow>? Aligned { get; init; }

    /// <summary>Whether the teacher needed correction; null if the recipe decided that itself.</summary>
    public CorrectionTestResult? Need { get; init; }
}

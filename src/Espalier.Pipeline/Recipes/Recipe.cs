using System.Text.Json.Serialization;
using Espalier.Compression.Data;
using Espalier.Compression.Importance;
using Espalier.Compression.Importance.Depth;
using Espalier.Compression.Pruning;
using Espalier.Compression.Pruning.Masks;

namespace Espalier.Pipeline.Recipes;

/// <summary>
/// A whole run as a person would say it; keys in kebab-case in the file, a default for everything but the teacher. Read from a file, which
/// refuses unknown keys.
/// </summary>
public sealed record Recipe
{
    /// <summary>The teacher's Hugging Face folder; a config.json alone is enough to plan.</summary>
    public required string Teacher { get; init; }

    /// <summary>The run folder; runs/NAME-OF-THE-RECIPE where absent.</summary>
    public string? Output { get; init; }

    /// <summary>Seed of everything random.</summary>
    public long Seed { get; init; } = 1;

    /// <summary>Texts.</summary>
    public required DataSection Data { get; init; }

    /// <summary>Teacher correction; null leaves the teacher as it is.</summary>
    public TrainingSection? Correct { get; init; }

    /// <summary>Whether the teacher is corrected, and when; as it stands where <see cref="Correct"/> is null.</summary>
    public CorrectionSection Correction { get; init; } = new();

    /// <summary>Importance.</summary>
    public ScoreSection Score { get; init; } = new();

    /// <summary>Shapes among which the student's is found; null where <see cref="Prune"/> says the sizes.</summary>
    public SearchSection? Search { get; init; }

    /// <summary>Shape of the student and how its units are chosen; without sizes where there is a <see cref="Search"/>.</summary>
    public required PruneSection Prune { get; init; }

    /// <summary>Cycles of pruning and distilling; null for one.</summary>
    public CyclesSection? Cycles { get; init; }

    /// <summary>Training of the student; null leaves it as pruned.</summary>
    public TrainingSection? Distill { get; init; }

    /// <summary>What teacher and student are evaluated on.</summary>
    public IReadOnlyList<EvaluationSet> Evaluate { get; init; } = [new("held-out", null)];

    /// <summary>What is written at the end.</summary>
    public IReadOnlyList<ExportKind> Export { get; init; } = [ExportKind.Hf];

    /// <summary>Whether weights beyond an exported element type's range become its largest number, instead of being refused.</summary>
    public bool Clamp { get; init; }
}

/// <summary>Texts and how they are cut.</summary>
public sealed record DataSection
{
    /// <summary>Sources of training text: paths, globs, <c>dotnet-docs</c>, or one file of ids (.i32, .u16).</summary>
    public required IReadOnlyList<string> Train { get; init; }

    /// <summary>The field of records, or column of tables, that holds the text and alone decides; null for any shape that is known.</summary>
    public string? Field { get; init; }

    /// <summary>Share of the documents held out, by the hash of their text; of ids, the last windows.</summary>
    public double HeldOut { get; init; } = 0.02;

    /// <summary>Tokens of a window.</summary>
    public int Sequence { get; init; } = 256;

    /// <summary>What a document sees, in training, of the one before it in its window.</summary>
    public DocumentContext Documents { get; init; }
}

/// <summary>How units are scored.</summary>
public sealed record ScoreSection
{
    /// <summary>Calibration samples.</summary>
    public int Samples { get; init; } = 256;

    /// <summary>Aggregation over the samples.</summary>
    public Aggregation Batch { get; init; } = Aggregation.L2;

    /// <summary>Aggregation over a sample's positions.</summary>
    public Aggregation Sequence { get; init; } = Aggregation.Mean;

    /// <summary>T of iterative importance: scoring and pruning are done in so many equal steps, without training between (<see cref="ShapePath"/>).</summary>
    public int Rounds { get; init; } = 1;

    /// <summary>What importance is read from; the aggregations are for activations, the samples for what reads text.</summary>
    public ScoreMethod Method { get; init; } = ScoreMethod.Activation;

    /// <summary>Which value of a neuron is read.</summary>
    public NeuronValues Neurons { get; init; } = NeuronValues.Intermediate;

    /// <summary>What tells which layers can go, where some do.</summary>
    public DepthMetricKind Depth { get; init; } = DepthMetricKind.BlockInfluence;

    /// <summary>Calibration samples of a depth scan, which costs half a pass for every layer.</summary>
    public int DepthSamples { get; init; } = 64;

    /// <summary>Multiple-choice items for <see cref="DepthMetricKind.Task"/>; null for none.</summary>
    public string? Task { get; init; }
}

/// <summary>How the student's weights come about.</summary>
public enum PruneMethod
{
    /// <summary>The units of highest importance, sliced from the teacher.</summary>
    Importance,

    /// <summary>Random units of the same shape, sliced from the teacher: a control.</summary>
    Random,

    /// <summary>Random weights of the same shape: a control.</summary>
    RandomInit,

    /// <summary>The smallest weights become zero, the shape stays: shows what structure costs.</summary>
    Magnitude,

    /// <summary>The weights with the smallest product with their inputs' norm become zero, the shape stays (<see cref="WandaMask"/>).</summary>
    Wanda,
}

/// <summary>The student's shape.</summary>
public sealed record PruneSection
{
    /// <summary>Sizes; what is null stays.</summary>
    public PruneTarget Target { get; init; } = new();

    /// <summary>How the units are chosen.</summary>
    public PruneMethod Method { get; init; } = PruneMethod.Importance;

    /// <summary>Which layers a depth cut takes.</summary>
    public DepthChoice Depth { get; init; } = DepthChoice.Contiguous;

    /// <summary>How many weights a masking method sets to zero; null for other methods.</summary>
    public Sparsity? Sparsity { get; init; }

    /// <summary>Whether query heads that go leave their residual in those that stay (<see cref="HeadMerge"/>).</summary>
    public bool MergeHeads { get; init; }

    /// <summary>A plan written by hand, instead of sizes.</summary>
    public string? Plan { get; init; }
}

/// <summary>Something to evaluate on.</summary>
/// <param name="Name">held-out, teacher-domain, or a name given in the recipe.</param>
/// <param name="Source">Text or ids; null for held-out. For teacher-domain the teacher's self-written.jsonl unless given.</param>
public sealed record EvaluationSet(string Name, string? Source);

/// <summary>What is exported.</summary>
public enum ExportKind
{
    /// <summary>The Hugging Face folder.</summary>
    Hf,

    /// <summary>GGUF, float32.</summary>
    GgufF32,

    /// <summary>GGUF, float16.</summary>
    GgufF16,

    /// <summary>GGUF, bfloat16.</summary>
    GgufBf16,

    /// <summary>GGUF, Q8_0.</summary>
    [JsonStringEnumMemberName("gguf-q8_0")]
    GgufQ8,
}

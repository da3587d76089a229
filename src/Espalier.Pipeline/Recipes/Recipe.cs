using Espalier.Compression.Synthesis;
using Espalier.Compression.Training.Speeds;
using Espalier.Pipeline.Options.Shapes;
using Espalier.Pipeline.Options.Texts;
using Espalier.Pipeline.Options.Training;

namespace Espalier.Pipeline.Recipes;

/// <summary>
/// A whole run as a person would say it; keys in kebab-case in the file, a default for everything but the teacher. Read from a file, which
/// refuses unknown keys.
/// </summary>
internal sealed record Recipe
{
    /// <summary>The teacher's Hugging Face folder; a config.json alone is enough to plan.</summary>
    public required string Teacher { get; init; }

    /// <summary>The run folder; runs/NAME-OF-THE-RECIPE where absent.</summary>
    public string? Output { get; init; }

    /// <summary>Seed of everything random.</summary>
    public long Seed { get; init; } = 1;

    public required DataSection Data { get; init; }

    /// <summary>Teacher correction; null leaves the teacher as it is.</summary>
    public TrainingSection? Correct { get; init; }

    /// <summary>Whether the teacher is corrected, and when; as it stands where <see cref="Correct"/> is null.</summary>
    public CorrectionSection Correction { get; init; } = new();

    public ScoreSection Score { get; init; } = new();

    /// <summary>Shapes among which the student's is found; null where <see cref="Prune"/> says the sizes.</summary>
    public SearchSection? Search { get; init; }

    /// <summary>Shape of the student and how its units are chosen; without sizes where there is a <see cref="Search"/>.</summary>
    public required PruneSection Prune { get; init; }

    /// <summary>Cycles of pruning and distilling; null for one.</summary>
    public CyclesSection? Cycles { get; init; }

    /// <summary>Training of the student; null leaves it as pruned.</summary>
    public TrainingSection? Distill { get; init; }

    /// <summary>Texts that the teacher writes once the student is trained; null for none.</summary>
    public SynthesisOptions? Synthesize { get; init; }

    /// <summary>Steps of alignment after the last training, in order; none leaves the student as it was distilled.</summary>
    public IReadOnlyList<AlignSection> Align { get; init; } = [];

    /// <summary>What teacher and student are evaluated on.</summary>
    public IReadOnlyList<EvaluationSet> Evaluate { get; init; } = [new("held-out", null)];

    /// <summary>Benchmarks that teacher, pruned model and student are asked.</summary>
    public IReadOnlyList<TaskSection> Tasks { get; init; } = [];

    /// <summary>Those, and the ones that candidates of a search are asked.</summary>
    public IEnumerable<TaskSection> AllTasks => Tasks.Concat(Search?.Tasks ?? []);

    /// <summary>The folder of the benchmarks' files; null for what the environment names, else <c>benchmarks</c>.</summary>
    public string? Benchmarks { get; init; }

    /// <summary>What the products with weights are computed in where the loss on held-out and other texts is measured.</summary>
    public ComputeChoice EvaluateCompute { get; init; }

    /// <summary>What is written at the end.</summary>
    public IReadOnlyList<ExportKind> Export { get; init; } = [ExportKind.Hf];

    /// <summary>Whether weights beyond an exported element type's range become its largest number, instead of being refused.</summary>
    public bool Clamp { get; init; }

    /// <summary>Windows of text that say which errors of GGUF files cost most; 0 where all cost the same.</summary>
    public int Imatrix { get; init; }
}

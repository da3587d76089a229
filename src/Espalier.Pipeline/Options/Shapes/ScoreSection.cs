using Espalier.Compression.Importance;
using Espalier.Compression.Importance.Depth;
using Espalier.Compression.Importance.Residuals;
using Espalier.Compression.Importance.Values;
using Espalier.Compression.Pruning;

namespace Espalier.Pipeline.Options.Shapes;

/// <summary>How units are scored.</summary>
internal sealed record ScoreSection
{
    /// <summary>Calibration samples.</summary>
    public int Samples { get; init; } = 256;

    /// <summary>Aggregation over the samples.</summary>
    public Aggregation Batch { get; init; } = Aggregation.L2;

    /// <summary>Aggregation over a sample's positions.</summary>
    public Aggregation Sequence { get; init; } = Aggregation.Mean;

    /// <summary>
    /// T of iterative importance: scoring and pruning are done in so many equal steps, without training between (<see cref="ShapePath"/>).
    /// </summary>
    public int Rounds { get; init; } = 1;

    /// <summary>What importance is read from; the aggregations are for activations, the samples for what reads text.</summary>
    public ScoreMethod Method { get; init; } = ScoreMethod.Activation;

    /// <summary>Which value of a neuron is read.</summary>
    public NeuronValues Neurons { get; init; } = NeuronValues.Intermediate;

    /// <summary>Which value of an expert is read.</summary>
    public ExpertValues Experts { get; init; } = ExpertValues.Output;

    /// <summary>What decides which layers can go, where some do.</summary>
    public DepthMetricKind Depth { get; init; } = DepthMetricKind.BlockInfluence;

    /// <summary>Calibration samples of a depth scan, which costs half a pass for every layer.</summary>
    public int DepthSamples { get; init; } = 64;

    /// <summary>A benchmark of choices, or a file of items, for <see cref="DepthMetricKind.Task"/>; null for none.</summary>
    public string? Task { get; init; }

    internal static IReadOnlyList<Key<ScoreSection>> Keys { get; } =
    [
        new Key<ScoreSection, int>("samples", Kinds.Size(), s => s.Samples, (s, samples) => s with { Samples = samples })
        {
            Help = "Calibration samples: the first N windows, without overlap",
            Page = "Calibration windows; the papers use 1024.",
            Useless = s => s.Method.ReadsText() ? null : $"score.method is {EnumName.Of(s.Method)}, which reads no text; leave it out",
            Stage = InStageKey.WhereItMatters,
        },
        new Key<ScoreSection, Aggregation>("batch", Kinds.Choice<Aggregation>(), s => s.Batch, (s, how) => s with { Batch = how })
        {
            Help = "How a unit's values are aggregated over the samples",
            OptionName = "batch-aggregation",
            Page = """
                How a unit's values are aggregated over the samples: `l2`, `mean` or `variance`. Also accepted as `batch-aggregation`, the
                name of the option of `score`.
                """,
            Useless = WithoutActivations,
            Stage = InStageKey.WhereItMatters,
        },
        new Key<ScoreSection, Aggregation>("sequence", Kinds.Choice<Aggregation>(), s => s.Sequence, (s, how) => s with { Sequence = how })
        {
            Help = "How a unit's values are aggregated over the positions of a sample",
            OptionName = "sequence-aggregation",
            Page = "The same over the positions of a sample, which is done first. Also accepted as `sequence-aggregation`.",
            Useless = WithoutActivations,
            Stage = InStageKey.WhereItMatters,
        },
        new Key<ScoreSection, ScoreMethod>("method", Kinds.Choice<ScoreMethod>(), s => s.Method, (s, method) => s with { Method = method })
        {
            Help = "What importance is based on: activations; or, as controls, |weight x gradient|, the size of weights, redundancy, "
                + "or chance; magnitude and random read no text",
            Page = """
                What importance is based on: `activation`, one forward pass over the samples. The others are controls: `taylor`,
                `magnitude`, `redundancy`, `random`, below.
                """,
            Turn = -1,
            Stage = InStageKey.WhereItDiffers,
        },
        new Key<ScoreSection, NeuronValues>("neurons", Kinds.Choice<NeuronValues>(), s => s.Neurons,
            (s, which) => s with { Neurons = which })
        {
            Help = "Which value of a neuron is used: the input of the down projection, or the input of the activation",
            Page = """
                Which value of a neuron is used: `intermediate`, the input of the down projection, or `pre-activation`, the input of the
                activation (X W₁ of the paper's Nemotron-4; after the gate projection if there is one). The scores record which was used.
                """,
            Useless = WithoutActivations,
            Stage = InStageKey.WhereItDiffers,
        },
        new Key<ScoreSection, ExpertValues>("experts-by", Kinds.Choice<ExpertValues>(), s => s.Experts,
            (s, which) => s with { Experts = which })
        {
            Help = "Importance of an expert of a mixture: what it adds to the stream, or the mass that the router gives it",
            Page = """
                What the importance of an expert of a mixture is based on, at each token and aggregated like that of neurons: `output`, the
                L2 norm of what it adds to the stream (its output times the router's weight), or `mass`, the weight alone. A token that is
                not routed to an expert counts as zero for it. The scores record which was used.
                """,
            Useless = WithoutActivations,
            Stage = InStageKey.WhereItDiffers,
            IsLater = true,
        },
        new Key<ScoreSection, int>("rounds", Kinds.Size(most: 16), s => s.Rounds, (s, rounds) => s with { Rounds = rounds })
        {
            IsOption = false,
            Stage = InStageKey.Never,
            Page = """
                Iterative importance: scoring and pruning alternate in this many equal steps (arXiv 2407.14679, section 2.4), without
                training in between. The paper found no gain after retraining, so the default is one.
                """,
        },
        new Key<ScoreSection, DepthMetricKind>(
            "depth", Kinds.Choice<DepthMetricKind>(), s => s.Depth, (s, metric) => s with { Depth = metric })
        {
            IsOption = false,
            Stage = InStageKey.Never,
            Page = """
                The metric that decides which layers to remove when `prune.layers` drops some: `block-influence` (1 − mean cosine of the
                residual stream before and after), `angular` (their mean angle over π, arXiv 2403.17887), `lm-loss` (the loss without
                them), `logit-mse` (mean squared difference of the logits, arXiv 2508.14444) or `task` (a multiple-choice task without
                them). All but the first are computed in a stage of their own, `depth`; see below.
                """,
        },
        new Key<ScoreSection, int>("depth-samples", Kinds.Size(), s => s.DepthSamples, (s, samples) => s with { DepthSamples = samples })
        {
            IsOption = false,
            Stage = InStageKey.Never,
            Page = "Calibration windows of that stage.",
            IsMoot = s => s.Depth == DepthMetricKind.Task,
        },
        new Key<ScoreSection, string?>("task", Kinds.Text("TASK"), s => s.Task, (s, file) => s with { Task = file })
        {
            IsOption = false,
            Stage = InStageKey.Never,
            Page = """
                With `depth: task`: a multiple-choice [benchmark](#benchmarks) (`arc_easy`, or a task file of the kind `choice` or
                `partial`), or a file of items (`FILE.jsonl`) with one JSON object per line: `{"context": "The sky is", "choices": ["blue",
                "green"], "answer": 0}` (or `question` instead of `context`). Context and choice are joined by one space.
                """,
            Missing = s => s.Depth == DepthMetricKind.Task ? "score: { depth: task, task: items.jsonl }" : null,
            Useless = s => s.Depth == DepthMetricKind.Task
                ? null : $"it is for depth: task, but depth is {EnumName.Of(s.Depth)}; change that or leave it out",
        },
    ];

    internal static Section Section { get; } = new("score", Keys);

    private static string? WithoutActivations(ScoreSection section) => section.Method.ReadsActivations()
        ? null : $"it is for activations, but score.method is {EnumName.Of(section.Method)}; leave it out";
}

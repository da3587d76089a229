using Espalier.Compression.Search;
using Espalier.Compression.Search.Constraints;
using Espalier.Compression.Training;
using Espalier.Compression.Training.Optimizers;
using Espalier.Compression.Training.Schedules;
using Espalier.Pipeline.Options.Texts;
using Espalier.Pipeline.Options.Training;

namespace Espalier.Pipeline.Options.Shapes;

/// <summary>Shapes among which the student's is found, instead of sizes under prune.</summary>
internal sealed partial record SearchSection
{
    /// <summary>Sizes to combine.</summary>
    public SearchSpace Space { get; init; } = new();

    /// <summary>Candidates written by hand, instead of <see cref="Space"/>.</summary>
    public string? CandidatesFile { get; init; }

    /// <summary>All weights; null for any number.</summary>
    public Budget? Parameters { get; init; }

    /// <summary>Weights without embedding table and head.</summary>
    public Budget? NonEmbeddingParameters { get; init; }

    /// <summary>Bytes of weights, keys and values in the teacher's element type.</summary>
    public Budget? Memory { get; init; }

    /// <summary>Operations of a token's forward pass.</summary>
    public Budget? FlopsPerToken { get; init; }

    /// <summary>Seconds of the first pass over <see cref="Context"/> tokens here.</summary>
    public Budget? Prefill { get; init; }

    /// <summary>Seconds of one further token after <see cref="Context"/> here.</summary>
    public Budget? Decode { get; init; }

    /// <summary>Positions that memory and latency are estimated at.</summary>
    public int Context { get; init; } = 256;

    /// <summary>Sequences at a time that memory is estimated at.</summary>
    public int Sequences { get; init; } = 1;

    /// <summary>How many candidates are trained; of those written by hand, all.</summary>
    public int Candidates { get; init; } = 8;

    /// <summary>Which ones, where there are more.</summary>
    public SearchProxy Proxy { get; init; }

    /// <summary>Optimizer steps from the beginning at which candidates are compared and halved.</summary>
    public IReadOnlyList<long> Rungs { get; init; } = [25, 50, 100];

    /// <summary>Windows a step; null as in distill.</summary>
    public int? Batch { get; init; }

    /// <summary>Constant learning rate; null is distill's peak.</summary>
    public double? LearningRate { get; init; }

    /// <summary>
    /// What candidates are ranked on beside the held-out text, as it is written: names of texts, and benchmarks (<see cref="Texts"/>,
    /// <see cref="Tasks"/>).
    /// </summary>
    public IReadOnlyList<TaskSection> Compared { get; init; } = [];

    /// <summary>Names of the texts among them; known when the recipe's evaluate is.</summary>
    public IReadOnlyList<string> Texts { get; init; } = [];

    /// <summary>The benchmarks among them.</summary>
    public IEnumerable<TaskSection> Tasks => Compared.Where(entry => !IsText(entry));

    /// <summary>What must hold, those that are measured last.</summary>
    /// <param name="sequence">Tokens of a window.</param>
    /// <param name="elementBytes">Bytes of a stored weight.</param>
    /// <param name="latency">Times of this machine; null leaves out what they decide.</param>
    public IReadOnlyList<Constraint> Constraints(int sequence, int elementBytes, LatencyTable? latency)
    {
        var constraints = new List<Constraint>();
        if (Parameters is { } parameters)
            constraints.Add(new ParametersConstraint(parameters));
        if (NonEmbeddingParameters is { } rest)
            constraints.Add(new NonEmbeddingConstraint(rest));
        if (Memory is { } memory)
            constraints.Add(new MemoryConstraint(memory, elementBytes, Context, Sequences));
        if (FlopsPerToken is { } flops)
            constraints.Add(new FlopsConstraint(flops, sequence));
        if (latency is not null && Prefill is { } prefill)
            constraints.Add(new PrefillConstraint(prefill, latency, Context));
        if (latency is not null && Decode is { } decode)
            constraints.Add(new DecodeConstraint(decode, latency, Context));
        return constraints;
    }

    /// <summary>
    /// The shapes that are allowed, as they are asked for; those of a file must keep to the constraints, too. Of a hybrid
    /// <paramref name="kinds"/> says the kinds of the layers that stay, by their number, once layers are ranked.
    /// </summary>
    /// <exception cref="EspalierException">An illegal size, or at the end that no shape is allowed.</exception>
    public IEnumerable<Candidate> Enumerate(DecoderConfig teacher, int sequence, int elementBytes, LatencyTable? latency,
        Func<int, LayerKinds>? kinds = null, CancellationToken stop = default)
    {
        var constraints = Constraints(sequence, elementBytes, latency);
        return CandidatesFile is not { } file ? ShapeSearch.Enumerate(teacher, Space, constraints, kinds, stop)
            : ShapeSearch.Enumerate(Espalier.Compression.Search.CandidatesFile.Read(file, teacher, Space.Multiple), constraints,
                kinds, stop);
    }

    /// <summary>
    /// How a candidate is trained up to a rung: as the student will be, but with a constant rate, so that a longer training begins with a
    /// shorter one.
    /// </summary>
    public TrainingSection Training(TrainingSection distill, long steps)
    {
        var batch = Batch ?? distill.Batch;
        var rate = LearningRate ?? distill.LearningRate;
        return distill with
        {
            Steps = steps,
            Batch = batch,
            MicroBatch = distill.MicroBatch is > 0 and var windows && batch % windows != 0 ? null : distill.MicroBatch,
            Schedule = ScheduleKind.Constant,
            LearningRate = rate,
            MinLearningRate = rate,
            DecaySteps = null,
            WarmUp = (int)Math.Min(distill.WarmUp, Rungs[0]),
            Cache = null,
            EvaluateEvery = 0,
            EarlyStopping = 0,
        };
    }

    private bool IsText(TaskSection entry) => entry.Written is JsonValue && Texts.Contains(entry.Task, StringComparer.Ordinal);
}

using Espalier.Compression.Training.Optimizers;

namespace Espalier.Compression.Distillation;

// Shapes: N positions, D student width, E teacher width.

/// <summary>What <see cref="HiddenStateLoss.Backward"/> found.</summary>
/// <param name="Sum">Summed L_is of the positions that count, before its weight.</param>
/// <param name="Weight">α.</param>
/// <param name="Gradients">d(scale · α · sum)/d(state) of each of the student's states.</param>
internal sealed record HiddenStateResult(double Sum, double Weight, IReadOnlyCollection<KeyValuePair<TapPlace, Tensor>> Gradients);

/// <summary>
/// The loss on hidden states. Where the widths differ the student's are lifted to the teacher's by one learned linear map without bias,
/// shared by all terms and trained along with the student. Owns the map.
/// </summary>
public sealed class HiddenStateLoss : IDisposable
{
    private readonly (TapPlace Teacher, TapPlace Student)[] _pairs;
    private readonly HiddenStateOptions _options;

    /// <summary>Creates the loss.</summary>
    /// <param name="options">What is compared.</param>
    /// <param name="teacher">The teacher's shape.</param>
    /// <param name="student">The student's shape.</param>
    /// <param name="seed">Of the map's first values, normal(0, 1/√D).</param>
    /// <param name="dtype">Element type of the map: the student's.</param>
    /// <exception cref="EspalierException">Nothing is compared, or a layer is not there.</exception>
    public HiddenStateLoss(HiddenStateOptions options, DecoderConfig teacher, DecoderConfig student, ulong seed,
        DType dtype = DType.Float32)
    {
        Check(options, teacher, student);
        _options = options;
        _pairs = [.. Pairs(options, teacher, student)];
        if (teacher.HiddenSize != student.HiddenSize)
        {
            var values = new float[teacher.HiddenSize * student.HiddenSize];
            new SeededNumbers(seed, "lift").Fill(values, 1 / Math.Sqrt(student.HiddenSize));
            using var scope = TensorScope.Begin();
            Lift = Tensor.From<float>(values, teacher.HiddenSize, student.HiddenSize).On(TorchRuntime.Device).To(dtype).Unscoped();
            Lift.RequiresGrad = true;
        }
    }

    /// <summary>Refuses what cannot be compared, from the shapes alone.</summary>
    /// <exception cref="EspalierException">Nothing is compared, or a layer is not there or twice there.</exception>
    internal static void Check(HiddenStateOptions options, DecoderConfig teacher, DecoderConfig student)
    {
        if (options.IsEmpty)
            throw new EspalierException("hidden: nothing to compare; name layers such as 29:13, or embedding or final");
        if (options.Weight is { } weight && !(weight > 0 && double.IsFinite(weight)))
            throw new EspalierException($"hidden: weight is {weight}; it must be above 0");
        var students = Pairs(options, teacher, student).Select(pair => pair.Student).ToArray();
        if (students.Distinct().Count() != students.Length)
            throw new EspalierException("hidden: a layer of the student is compared twice; keep one pair for it");
    }

    /// <summary>The map, [E, D]: lifted = state · liftᵀ. Null where the widths are equal.</summary>
    public Tensor? Lift { get; }

    /// <summary>Name of the part.</summary>
    public string Name => $"hidden-{_options.Distance.ToString().ToLowerInvariant()}";

    /// <summary>The teacher's states that are read.</summary>
    public IReadOnlyCollection<TapPlace> TeacherPlaces => [.. _pairs.Select(pair => pair.Teacher)];

    /// <summary>The student's states that are read.</summary>
    public IReadOnlyCollection<TapPlace> StudentPlaces => [.. _pairs.Select(pair => pair.Student)];

    /// <summary>The map as the trainer takes it.</summary>
    public IReadOnlyList<ParameterSet> Trained => Lift is null ? [] : [new("lift", [new("lift", Lift, Decays: true)])];

    /// <summary>Compares the states and goes back to them, and to the map.</summary>
    /// <param name="pass">The student's pass, which tapped <see cref="StudentPlaces"/>.</param>
    /// <param name="teacher">The teacher's states.</param>
    /// <param name="counted">Which positions count.</param>
    /// <param name="logits">Summed loss on logits, for α.</param>
    /// <param name="scale">1 / (tokens of the whole step).</param>
    internal HiddenStateResult Backward(
        TrainingPass pass, IReadOnlyDictionary<TapPlace, Tensor> teacher, CountedPositions counted, double logits, double scale)
    {
        var leaves = new List<KeyValuePair<TapPlace, Tensor>>();
        var terms = new List<Tensor>();
        foreach (var (theirs, ours) in _pairs)
        {
            var leaf = pass.Tapped(ours);
            leaf.RequiresGrad = true;
            leaves.Add(new(ours, leaf));
            var (student_ND, teacher_NE) = (leaf.View(-1, leaf.Size(-1)), teacher[theirs].View(-1, teacher[theirs].Size(-1)));
            var counted_MD = counted.Rows(student_ND);
            terms.Add(Distance(Lift is null ? counted_MD : counted_MD.Linear(Lift), counted.Rows(teacher_NE)));
        }
        var total = Tensor.Stack(0, [.. terms]).Sum();
        var sum = total.Item();
        var weight = _options.Weight ?? (sum > 0 ? logits / sum : 0);
        total.Mul(weight * scale).Backward();
        return new(sum, weight, [.. leaves.Select(leaf => new KeyValuePair<TapPlace, Tensor>(leaf.Key, leaf.Value.Grad()!))]);
    }

    /// <inheritdoc/>
    public void Dispose() => Lift?.Dispose();

    private Tensor Distance(Tensor lifted, Tensor teacher) => _options.Distance == HiddenDistance.Mse
        ? lifted.Sub(teacher).Square().Sum().Mul(1.0 / lifted.Size(-1))
        : lifted.Mul(teacher).Sum([-1]).Div(lifted.Norm([-1]).Mul(teacher.Norm([-1])).Add(1e-12)).Neg().Add(1).Sum();

    private static IEnumerable<(TapPlace Teacher, TapPlace Student)> Pairs(HiddenStateOptions options, DecoderConfig teacher,
        DecoderConfig student)
    {
        if (options.Embedding)
            yield return (new(TapPoint.Embedding, -1), new(TapPoint.Embedding, -1));
        foreach (var pair in options.Attention)
        {
            var (theirs, ours) = pair.Within(teacher.Layers, student.Layers);
            yield return (AfterAttention(teacher, theirs, "teacher"), AfterAttention(student, ours, "student"));
        }
        foreach (var pair in options.Layers)
        {
            var (theirs, ours) = pair.Within(teacher.Layers, student.Layers);
            yield return (FirstNorm(teacher, theirs), FirstNorm(student, ours));
        }
        if (options.Final)
            yield return (new(TapPoint.FinalNorm, -1), new(TapPoint.FinalNorm, -1));
    }

    private static TapPlace FirstNorm(DecoderConfig config, int layer) =>
        new(config.LayerKinds[layer].HasMixer ? TapPoint.InputNorm : TapPoint.PostAttentionNorm, layer);

    private static TapPlace AfterAttention(DecoderConfig config, int layer, string whose) => !config.LayerKinds[layer].IsHalf
        ? new(TapPoint.PostAttentionNorm, layer)
        : throw new EspalierException($"hidden-attention: layer {layer} of the {whose} is half a block, with no norm between "
            + "attention and a feed-forward block; name it in hidden-layers");
}

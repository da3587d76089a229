namespace Espalier.Compression.Distillation.Losses;

/// <summary>A weighted sum of losses. Its chunk takes one more copy of the logits a part.</summary>
internal sealed class MixedLoss : LogitLoss
{
    private readonly (double Weight, LogitLoss Loss)[] _terms;

    private MixedLoss((double Weight, LogitLoss Loss)[] terms) => _terms = terms;

    public override string Name =>
        string.Join(" + ", Parts.Select(part => part.Weight == 1 ? part.Name : $"{part.Weight:0.######}*{part.Name}"));

    public override bool NeedsTeacher => _terms.Any(term => term.Loss.NeedsTeacher);

    internal override bool TakesSparse => _terms.All(term => term.Loss.TakesSparse);

    public override IReadOnlyList<LossPart> Parts => [.. _terms.Select(term => new LossPart(term.Loss.Name, term.Weight))];

    /// <summary>
    /// The weighted sum; one loss of weight 1 is that loss itself. A weight of τ² gives the convention of Hinton et al. (arXiv 1503.02531,
    /// section 2).
    /// </summary>
    /// <exception cref="EspalierException">No term, the same loss twice, or a weight that is not above 0.</exception>
    public static LogitLoss Of(params (double Weight, LogitLoss Loss)[] terms)
    {
        if (terms.Length == 0)
            throw new EspalierException("a loss needs at least one term");
        if (terms.FirstOrDefault(term => !(term.Weight > 0 && double.IsFinite(term.Weight))) is { Loss: { } wrong } bad)
            throw new EspalierException($"the weight of {wrong.Name} is {bad.Weight}; it must be above 0");
        if (terms.GroupBy(term => term.Loss.Name, StringComparer.Ordinal).FirstOrDefault(group => group.Count() > 1) is { } twice)
            throw new EspalierException($"{twice.Key} appears twice; add its weights up");
        return terms is [(1.0, var single)] ? single : new MixedLoss(terms);
    }

    internal override bool LetsGo => Array.TrueForAll(_terms, static term => term.Loss.LetsGo);

    public override Tensor Compute(Tensor student_CV, DistributionChunk? teacher, Tensor targets_C)
    {
        var gradient_CV = student_CV.ZerosLike();
        var losses = new Tensor[_terms.Length];
        for (var i = 0; i < _terms.Length; i++)
        {
            var (weight, loss) = _terms[i];
            var logits_CV = i == _terms.Length - 1 ? student_CV : student_CV.Clone();
            losses[i] = loss.Compute(logits_CV, loss.NeedsTeacher ? Copy(teacher, isLast: i == _terms.Length - 1) : null, targets_C);
            gradient_CV.AddInPlace(logits_CV, weight);
        }
        student_CV.CopyInPlace(gradient_CV);
        return Tensor.Stack(0, losses);
    }

    private static DistributionChunk? Copy(DistributionChunk? teacher, bool isLast) =>
        !isLast && teacher is DenseChunk dense ? new DenseChunk(dense.Logits_CV.Clone()) : teacher;
}

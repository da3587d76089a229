namespace Espalier.Torch;

/// <summary>What is compared of two rows of logits.</summary>
internal enum RowLossKind
{
    /// <summary>KL(q, p) = Σ q (log q − log p).</summary>
    ReverseKl,

    /// <summary>A KL(p, m) + B KL(q, m), m = α p + (1 − α) q.</summary>
    Mixture,

    /// <summary>(1/V) Σ (p − q)².</summary>
    SquaredProbabilities,

    /// <summary>1 − p·q / (|p| |q|).</summary>
    CosineProbabilities,

    /// <summary>(1/V) Σ (s − t)².</summary>
    SquaredLogits,

    /// <summary>1 − s·t / (|s| |t|).</summary>
    CosineLogits,
}

/// <summary>
/// A loss between rows of logits s (student) and t (teacher), with q = softmax(s / τ) and p = softmax(t / τ), which <see
/// cref="Tensor.RowLossInPlace"/> computes.
/// </summary>
/// <param name="Kind">What is compared.</param>
/// <param name="Temperature">τ, above 0; of no effect where logits are compared.</param>
/// <param name="TeacherShare">α of a mixture, above 0 and below 1.</param>
/// <param name="OfTeacher">A of a mixture.</param>
/// <param name="OfStudent">B of a mixture.</param>
internal sealed record RowLoss(RowLossKind Kind, double Temperature = 1, double TeacherShare = 0, double OfTeacher = 0,
    double OfStudent = 0);

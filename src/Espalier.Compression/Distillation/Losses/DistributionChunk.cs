namespace Espalier.Compression.Distillation.Losses;

// Shapes: C positions of a chunk, K kept entries of a position, V vocabulary.

/// <summary>What a loss gets to know of the teacher at some positions: whole distributions or a few entries of each.</summary>
public abstract record DistributionChunk
{
    /// <summary>The whole logits, [C, V], for a loss that needs them; it may overwrite them.</summary>
    /// <exception cref="EspalierException">Only a few entries are known.</exception>
    internal static Tensor LogitsOf(DistributionChunk? chunk, LogitLoss loss) => chunk switch
    {
        DenseChunk dense => dense.Logits_CV,
        null => throw new ArgumentNullException(nameof(chunk), $"{loss.Name} needs a teacher"),
        _ => throw new EspalierException(
            $"{loss.Name} needs the teacher's whole distribution, but the cache holds only a few entries "
                + "of each: use forward-kl, a cache of hidden states, or the teacher itself"),
    };
}

/// <summary>The teacher's logits, [C, V].</summary>
internal sealed record DenseChunk(Tensor Logits_CV) : DistributionChunk
{
    /// <summary>[C, V]; others with the next chunk, for who asked by <see cref="TeacherDistributions.Next"/>.</summary>
    public Tensor Logits_CV { get; internal set; } = Logits_CV;

    /// <summary>The same in float32.</summary>
    public DenseChunk Widened() => Logits_CV.Widened() is var wide && wide == Logits_CV ? this : new(wide);
}

/// <summary>Some entries of the teacher's distributions.</summary>
/// <param name="Ids_CK">Which, Int64; an id that is there twice counts twice.</param>
/// <param name="Weights_CK">Their probabilities, or for drawn ones what a draw weighs.</param>
/// <param name="LogTail_C">
/// Logarithm of the probability of all others together, where they are one bucket; null where the weights alone make the target.
/// </param>
/// <param name="Entropy_C">
/// The whole distribution's entropy in nats, which makes the loss an estimate of the KL; null beside a tail.
/// </param>
internal sealed record SparseChunk(Tensor Ids_CK, Tensor Weights_CK, Tensor? LogTail_C, Tensor? Entropy_C) : DistributionChunk
{
    /// <summary>Forward KL against them, as <see cref="LogitLoss.Compute"/>.</summary>
    internal Tensor Compare(Tensor student_CV, double temperature) =>
        student_CV.SparseKlInPlace(Ids_CK, Weights_CK, LogTail_C, Entropy_C, temperature);
}

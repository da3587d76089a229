namespace Espalier.Compression.Distillation.Losses;

/// <summary>
/// Forward KL on the teacher's K likeliest entries with all others as one bucket: Σ_K p log(p/q) + (1−P) log((1−P)/(1−Q)), P and Q the
/// masses on K. What training from a top-K cache computes, with the teacher at hand. Gradient exact on K, flows through Q elsewhere.
/// </summary>
/// <param name="k">K, at least 1; the vocabulary where that is smaller.</param>
/// <param name="temperature">τ, above 0.</param>
internal sealed class TopKTail(int k, double temperature = 1.0) : LogitLoss
{
    private readonly int _k = k >= 1 ? k : throw new EspalierException($"k is {k}; it must be at least 1");
    private readonly double _temperature = Temperature(temperature);

    public override string Name => "top-k-tail";

    public override bool NeedsTeacher => true;

    public override Tensor Compute(Tensor student_CV, DistributionChunk? teacher, Tensor targets_C)
    {
        var teacher_CV = DistributionChunk.LogitsOf(teacher, this);
        if (_temperature != 1.0)
            teacher_CV.MulInPlace(1 / _temperature);
        var logP_CV = teacher_CV.LogSoftmax(-1);
        return Of(logP_CV, _k).Compare(student_CV, _temperature);
    }

    /// <summary>The K likeliest entries of distributions given by their logarithms, [C, V], which are overwritten.</summary>
    internal static SparseChunk Of(Tensor logP_CV, int k)
    {
        var (top_CK, ids_CK) = logP_CV.TopK(Math.Min(k, logP_CV.Size(-1)));
        logP_CV.ScatterFillInPlace(-1, ids_CK, double.NegativeInfinity);
        return new(ids_CK, top_CK.Exp(), logP_CV.LogSumExp(-1), null);
    }
}

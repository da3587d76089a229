namespace Espalier.Compression.Training.Optimizers;

/// <summary>
/// Layer-wise decay of the learning rate: what is nearer to the input moves less (ULMFiT, arXiv 1801.06146, section 3.2; in this form BEiT,
/// arXiv 2106.08254). Layer l of L, from 0, gets decay^(L − l), the embedding decay^(L + 1), the last norm and the head 1. A table that is
/// embedding and head at once counts as the embedding, as in ELECTRA (arXiv 2003.10555) whose tied table is the lowest layer too.
/// </summary>
internal static class LayerDecay
{
    /// <summary>What multiplies the schedule's rate.</summary>
    public static double FactorOf(Parameter parameter, int layers, double decay) => parameter switch
    {
        { Role: ParameterRole.Embedding } => Math.Pow(decay, layers + 1),
        { Layer: >= 0 } => Math.Pow(decay, layers - parameter.Layer),
        _ => 1,
    };
}

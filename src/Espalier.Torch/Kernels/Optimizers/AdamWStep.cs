namespace Espalier.Torch;

/// <summary>The numbers of one update of <see cref="Kernels.Optimizers.AdamWKernel.Update"/>.</summary>
/// <param name="Rate">Learning rate.</param>
/// <param name="Beta1">Decay of the first moment.</param>
/// <param name="Beta2">Decay of the second moment.</param>
/// <param name="Epsilon">Added to √v̂.</param>
/// <param name="Decay">Decoupled decay, times the rate; 0 where the weight does not decay.</param>
/// <param name="Clip">What the gradient is multiplied by first.</param>
/// <param name="Update">Which update it is, from 1: what the corrections count.</param>
internal readonly record struct AdamWStep(double Rate, double Beta1, double Beta2, double Epsilon, double Decay, double Clip, long Update)
{
    /// <summary>1 − β₁ to the updates.</summary>
    public double Correction1 => 1 - Math.Pow(Beta1, Update);

    /// <summary>√(1 − β₂ to the updates).</summary>
    public double Correction2 => Math.Sqrt(1 - Math.Pow(Beta2, Update));
}

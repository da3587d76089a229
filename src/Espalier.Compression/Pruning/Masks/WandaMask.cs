namespace Espalier.Compression.Pruning.Masks;

/// <summary>|W_ij| · ‖X_j‖₂, compared within each output's row (Wanda, arXiv 2306.11695, equation 1).</summary>
internal sealed class WandaMask : WeightMask
{
    /// <inheritdoc/>
    public override bool NeedsInputs => true;

    /// <inheritdoc/>
    protected override bool WithinRows => true;

    /// <inheritdoc/>
    protected override double Worth(float weight, double inputNorm) => Math.Abs(weight * inputNorm);
}

namespace Espalier.Compression.Pruning.Masks;

/// <summary>|W_ij| · ‖X_j‖₂, compared within each output's row (Wanda, arXiv 2306.11695, equation 1).</summary>
internal sealed class WandaMask : WeightMask
{
    public override bool NeedsInputs => true;

    protected override bool WithinRows => true;

    protected override double Worth(float weight, double inputNorm) => Math.Abs(weight * inputNorm);
}

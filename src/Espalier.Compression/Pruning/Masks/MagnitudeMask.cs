namespace Espalier.Compression.Pruning.Masks;

/// <summary>|W|, compared over the whole matrix.</summary>
internal sealed class MagnitudeMask : WeightMask
{
    /// <inheritdoc/>
    public override bool NeedsInputs => false;

    /// <inheritdoc/>
    protected override bool WithinRows => false;

    /// <inheritdoc/>
    protected override double Worth(float weight, double inputNorm) => Math.Abs((double)weight);
}

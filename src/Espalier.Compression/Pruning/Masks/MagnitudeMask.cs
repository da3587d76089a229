namespace Espalier.Compression.Pruning.Masks;

/// <summary>|W|, compared over the whole matrix.</summary>
internal sealed class MagnitudeMask : WeightMask
{
    public override bool NeedsInputs => false;

    protected override bool WithinRows => false;

    protected override double Worth(float weight, double inputNorm) => Math.Abs((double)weight);
}

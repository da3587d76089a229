using Espalier.Torch.Kernels;

namespace Espalier.Torch.Mamba;

/// <summary>Rows of floats [B, T, n], each side by side, that lie apart as those of a part of a wider tensor do.</summary>
internal unsafe struct RowView
{
    public float* First;
    public long Sample, Step;

    /// <summary>The rows of a tensor of three or more dimensions whose last ones lie in order.</summary>
    public static RowView Of(in Operand operand) => new() { First = operand.Floats, Sample = operand.Step(0), Step = operand.Step(1) };

    /// <summary>A sample's row at a time.</summary>
    public readonly float* At(long b, long t) => First + b * Sample + t * Step;
}

namespace Espalier.Torch.Mamba.Scan;

/// <summary>The sizes of a selective scan, and between which bounds its steps lie.</summary>
/// <param name="Heads">Heads, M.</param>
/// <param name="HeadDim">Channels of a head, P.</param>
/// <param name="Groups">Groups of heads that read and write the state alike, G; divides the heads.</param>
/// <param name="StateSize">Numbers of state of a channel, S.</param>
/// <param name="LowestStep">Steps are at least so long.</param>
/// <param name="HighestStep">Steps are at most so long.</param>
internal sealed record ScanSizes(
    int Heads, int HeadDim, int Groups, int StateSize, double LowestStep = 0, double HighestStep = double.PositiveInfinity)
{
    /// <summary>Channels of all heads, M P.</summary>
    public int Inner => Heads * HeadDim;

    /// <summary>Numbers of B and of C of a token, G S.</summary>
    public int Shared => Groups * StateSize;
}

using Espalier.Torch.Kernels;
using Espalier.Torch.Kernels.Products;

namespace Espalier.Torch;

/// <summary>
/// Activations of many positions as <see cref="PanelOps"/> read and write them: panels of 32 positions, in each a row of 32 for every
/// channel, [panels][channels][32]. What the last panel has beyond the positions that are asked for is computed and means nothing. Dispose
/// it. Not for several threads.
/// </summary>
/// <param name="positions">Positions that there is room for.</param>
/// <param name="channels">Floats of a position.</param>
internal sealed unsafe class PanelBuffer(long positions, long channels) : IDisposable
{
    /// <summary>Positions of a panel.</summary>
    public const int Wide = Tile.Positions;

    /// <summary>The same memory, a panel a row: what is done to each number by itself is done to rows.</summary>
    public RowBuffer Memory { get; } = new(PanelsOf(positions), channels * Wide);

    public long Channels => channels;

    public static int PanelsOf(long positions) => checked((int)((positions + Wide - 1) / Wide));

    /// <summary>Copies a position out.</summary>
    public void CopyTo(int position, Span<float> to)
    {
        var from = Memory.Row(position / Wide)[(position % Wide)..];
        for (var i = 0; i < to.Length; i++)
            to[i] = from[i * Wide];
    }

    /// <summary>Frees the memory. Idempotent.</summary>
    public void Dispose() => Memory.Dispose();

    /// <summary>The first element; an error where there is room for fewer positions.</summary>
    internal float* Of(string kernel, string name, long positions) => positions >= 0 && PanelsOf(positions) <= Memory.Rows
        ? Memory.Of(kernel, name, PanelsOf(positions))
        : throw KernelErrors.Of(kernel, $"{positions} positions of {name}, which has {Memory.Rows} panels of {Wide}");
}

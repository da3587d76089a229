using Espalier.Torch;

namespace Espalier.Models.Generation.Rows;

/// <summary>
/// The states of a Mamba-2 layer, one of a fixed size for each sequence that runs: <see cref="MambaState"/> slot by slot.
/// </summary>
/// <param name="config">The model's shape.</param>
/// <param name="slots">Sequences at once.</param>
internal sealed class RowStates(MambaConfig config, int slots) : IDisposable
{
    public RowBuffer Input { get; } = new(slots, (config.Kernel - 1L) * config.Channels);

    public RowBuffer In { get; } = new(slots, (config.Kernel - 1L) * config.StateChannels);

    public RowBuffer Out { get; } = new(slots, (config.Kernel - 1L) * config.StateChannels);

    public RowBuffer State { get; } = new(slots, (long)config.Channels * config.StateSize);

    /// <summary>Bytes of the states of a sequence.</summary>
    public static long BytesOf(DecoderConfig config) => sizeof(float) * config.LayersWhere(static kind => kind.HasMamba)
        * ((config.Mamba.Kernel - 1L) * (config.Mamba.Channels + 2L * config.Mamba.StateChannels)
            + (long)config.Mamba.Channels * config.Mamba.StateSize);

    /// <summary>The state in a slot, where it lies, as that of no position; the caller's scope owns the tensors.</summary>
    public MambaState Begin(int slot)
    {
        Tensor Of(RowBuffer buffer, params ReadOnlySpan<long> shape) => buffer.Tensor.Select(0, slot).View([1, .. shape]);
        var state = new MambaState(
            Of(Input, config.Kernel - 1, config.Channels), Of(In, config.Kernel - 1, config.StateChannels),
            Of(Out, config.Kernel - 1, config.StateChannels), Of(State, config.Heads, config.StateSize, config.HeadDim));
        state.Clear();
        return state;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var buffer in (RowBuffer[])[Input, In, Out, State])
            buffer.Dispose();
    }
}

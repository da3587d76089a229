using Espalier.Models.Mixers;

namespace Espalier.Models.Generation.Rows;

/// <summary>
/// The states of a layer that has some, one of a fixed size for each sequence that runs: <see cref="MixerState"/> slot by slot.
/// </summary>
/// <param name="shape">The layer's sizes.</param>
/// <param name="slots">Sequences at once.</param>
internal sealed class RowStates(StateShape shape, int slots) : IDisposable
{
    public RowBuffer Input { get; } = new(slots, (shape.Kernel - 1L) * shape.Channels);

    public RowBuffer In { get; } = new(slots, (shape.Kernel - 1L) * shape.StateChannels);

    public RowBuffer Out { get; } = new(slots, (shape.Kernel - 1L) * shape.StateChannels);

    public RowBuffer State { get; } = new(slots, (long)shape.Channels * shape.StateSize);

    /// <summary>The state in a slot, where it lies, as that of no position; the caller's scope owns the tensors.</summary>
    public MixerState Begin(int slot)
    {
        Tensor Of(RowBuffer buffer, params ReadOnlySpan<long> shape) => buffer.Tensor.Select(0, slot).View([1, .. shape]);
        var state = new MixerState(
            Of(Input, shape.Kernel - 1, shape.Channels), Of(In, shape.Kernel - 1, shape.StateChannels),
            Of(Out, shape.Kernel - 1, shape.StateChannels), Of(State, shape.Heads, shape.StateSize, shape.HeadDim));
        state.Clear();
        return state;
    }

    public void Dispose()
    {
        foreach (var buffer in (RowBuffer[])[Input, In, Out, State])
            buffer.Dispose();
    }
}

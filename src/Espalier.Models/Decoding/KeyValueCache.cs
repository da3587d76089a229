using Espalier.Models.Mixers;

namespace Espalier.Models;

/// <summary>
/// What the layers keep of the positions already seen: of attention keys and values, in buffers made once for as many positions as it has
/// room for; of a state-space mixer or linear attention its state. Dispose it. Not for use with gradients.
/// </summary>
public sealed class KeyValueCache : IDisposable
{
    private readonly Tensor?[] _keys, _values;
    private readonly MixerState?[] _states;

    /// <summary>Room for a number of positions of each row of a batch.</summary>
    public KeyValueCache(DecoderConfig config, long batch, long capacity, DType dtype = DType.Float32, Device? device = null)
        : this(Make(config, batch, capacity, dtype, device ?? Device.Cpu), Make(config, batch, capacity, dtype, device ?? Device.Cpu),
            [.. Enumerable.Range(0, config.Layers).Select(layer => StateShape.Of(config, config.LayerKinds[layer]) is { } shape
                ? MixerState.Of(shape, batch, dtype, device ?? Device.Cpu) : null)], capacity)
    { }

    /// <summary>A cache in memory that is there, of each layer [B, capacity, K, H], or its state, which it takes over.</summary>
    internal KeyValueCache(Tensor?[] keys, Tensor?[] values, MixerState?[] states, long capacity) =>
        (_keys, _values, _states, Capacity) = (keys, values, states, capacity);

    /// <summary>Positions that the cache has room for.</summary>
    public long Capacity { get; }

    /// <summary>Positions held.</summary>
    public long Length { get; private set; }

    /// <summary>Forgets all positions.</summary>
    public void Clear()
    {
        Length = 0;
        foreach (var state in _states)
            state?.Clear();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var tensor in _keys.Concat(_values))
            tensor?.Dispose();
        foreach (var state in _states)
            state?.Dispose();
    }

    /// <summary>Writes T new positions of one layer and returns all S = Length + T of them, [B, S, K, H].</summary>
    internal (Tensor Keys, Tensor Values) Append(int layer, Tensor k_BTKH, Tensor v_BTKH)
    {
        var end = Length + k_BTKH.Size(1);
        Tensor keys = _keys[layer]!, values = _values[layer]!;
        keys.Slice(1, Length, end).CopyInPlace(k_BTKH);
        values.Slice(1, Length, end).CopyInPlace(v_BTKH);
        return (keys.Slice(1, 0, end), values.Slice(1, 0, end));
    }

    /// <summary>The state of a layer that has one, which the layer overwrites.</summary>
    internal MixerState StateOf(int layer) => _states[layer]!;

    /// <summary>Called once all layers have written.</summary>
    internal void Advance(long positions) => Length += positions;

    private static Tensor?[] Make(DecoderConfig config, long batch, long capacity, DType dtype, Device device)
    {
        var buffers = new Tensor?[config.Layers];
        for (var i = 0; i < buffers.Length; i++)
            if (config.LayerKinds[i].HasAttention)
                buffers[i] = Tensor.Empty(dtype, device, batch, capacity, config.KeyValueHeads, config.HeadDim).Unscoped();
        return buffers;
    }
}

using Espalier.Torch;

namespace Espalier.Models;

/// <summary>
/// Keys and values of the positions already seen, in buffers made once for as many positions as it has room for. Dispose it. Not for use
/// with gradients.
/// </summary>
public sealed class KeyValueCache : IDisposable
{
    private readonly Tensor[] _keys, _values;

    /// <summary>Room for a number of positions of each row of a batch.</summary>
    public KeyValueCache(DecoderConfig config, long batch, long capacity, DType dtype = DType.Float32, Device? device = null)
        : this(Make(config, batch, capacity, dtype, device ?? Device.Cpu), Make(config, batch, capacity, dtype, device ?? Device.Cpu),
            capacity)
    { }

    /// <summary>A cache in memory that is there, of each layer [B, capacity, K, H], which it takes over.</summary>
    internal KeyValueCache(Tensor[] keys, Tensor[] values, long capacity) => (_keys, _values, Capacity) = (keys, values, capacity);

    /// <summary>Positions that the cache has room for.</summary>
    public long Capacity { get; }

    /// <summary>Positions held.</summary>
    public long Length { get; private set; }

    /// <summary>Forgets all positions.</summary>
    public void Clear() => Length = 0;

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var tensor in _keys.Concat(_values))
            tensor.Dispose();
    }

    /// <summary>Writes T new positions of one layer and returns all S = Length + T of them, [B, S, K, H].</summary>
    internal (Tensor Keys, Tensor Values) Append(int layer, Tensor k_BTKH, Tensor v_BTKH)
    {
        var end = Length + k_BTKH.Size(1);
        _keys[layer].Slice(1, Length, end).CopyInPlace(k_BTKH);
        _values[layer].Slice(1, Length, end).CopyInPlace(v_BTKH);
        return (_keys[layer].Slice(1, 0, end), _values[layer].Slice(1, 0, end));
    }

    /// <summary>Called once all layers have written.</summary>
    internal void Advance(long positions) => Length += positions;

    private static Tensor[] Make(DecoderConfig config, long batch, long capacity, DType dtype, Device device)
    {
        var buffers = new Tensor[config.Layers];
        for (var i = 0; i < buffers.Length; i++)
            buffers[i] = Tensor.Empty(dtype, device, batch, capacity, config.KeyValueHeads, config.HeadDim).Unscoped();
        return buffers;
    }
}

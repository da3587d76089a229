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

    /// <summary>
    /// Takes over another cache's positions: each of its rows as often, one after the other, as this one has rows for it.
    /// </summary>
    internal void Repeat(KeyValueCache other)
    {
        using var noGrad = GradMode.Disable();
        using var scope = TensorScope.Begin();
        for (var layer = 0; layer < _keys.Length; layer++)
        {
            Copy(other._keys[layer], _keys[layer], other.Length);
            Copy(other._values[layer], _values[layer], other.Length);
        }
        Length = other.Length;
    }

    /// <summary>A cache of some of this one's rows with their first positions, and room for more. The caller disposes it.</summary>
    /// <param name="rows_R">Which rows, Int64; one may come several times.</param>
    /// <param name="length">How many positions.</param>
    /// <param name="room">Positions that it has room for beyond those.</param>
    internal KeyValueCache Select(Tensor rows_R, long length, long room)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, Length);
        using var noGrad = GradMode.Disable();
        Tensor[] Of(Tensor[] all) => [.. all.Select(tensor =>
        {
            using var scope = TensorScope.Begin();
            var chosen = tensor.Slice(1, 0, length).IndexSelect(0, rows_R);
            var wider = Tensor.Empty(tensor.DType, tensor.Device, rows_R.Size(0), length + room, tensor.Size(2), tensor.Size(3));
            wider.Slice(1, 0, length).CopyInPlace(chosen);
            return wider.Unscoped();
        })];
        return new(Of(_keys), Of(_values), length + room) { Length = length };
    }

    private static void Copy(Tensor from, Tensor to, long length)
    {
        var (rows, times) = (from.Size(0), to.Size(0) / from.Size(0));
        to.Slice(1, 0, length).View(rows, times, length, to.Size(2), to.Size(3)).CopyInPlace(from.Slice(1, 0, length).Unsqueeze(1));
    }

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

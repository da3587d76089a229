using Espalier.Torch;

namespace Espalier.Compression.Importance;

/// <summary>The residual stream of one batch after each block, as far back as the widest span reaches: what no span needs any more is dropped.</summary>
internal sealed class StreamHistory(int layers, int widest) : IDisposable
{
    private readonly Tensor?[] _streams = new Tensor?[layers + 1];

    /// <summary>The stream after i blocks, [B, T, D]; at most <c>widest</c> blocks ago.</summary>
    public Tensor this[int i] => _streams[i]!;

    /// <summary>Takes note of the stream after i blocks, sharing its storage. Nothing after the last block is kept.</summary>
    public void Add(int i, Tensor x_BTD)
    {
        if (i < layers)
            _streams[i] = x_BTD.Detach().Unscoped();
        var noLongerNeeded = i - widest;
        if (noLongerNeeded >= 0)
            Drop(noLongerNeeded);
    }

    public void Dispose()
    {
        for (var i = 0; i < _streams.Length; i++)
            Drop(i);
    }

    private void Drop(int i)
    {
        _streams[i]?.Dispose();
        _streams[i] = null;
    }
}

using System.Runtime.InteropServices;
using Espalier.Compression.Data.Batches;
using Espalier.Compression.Distillation.Losses;

namespace Espalier.Compression.Distillation.Caching;

// Shapes: N positions of a batch, T positions of a window, K likeliest, M drawn entries, E teacher width, V vocabulary.

/// <summary>A teacher out of a cache: no model is loaded. The cache stays the caller's.</summary>
internal sealed class CachedTeacher : Teacher, IDisposable
{
    private readonly TeacherCache _cache;
    private readonly ThreadLocal<byte[]> _record;
    private readonly Tensor? _head_VE;

    /// <summary>Reads the head where the cache holds hidden states.</summary>
    public CachedTeacher(TeacherCache cache)
    {
        _cache = cache;
        _record = new(() => new byte[cache.Layout.WindowBytes]);
        if (cache.Key.Encoding == CacheEncoding.Hidden)
        {
            using var scope = TensorScope.Begin();
            _head_VE = Tensor.From<float>(cache.ReadHead(), cache.Key.Vocabulary, cache.Key.HiddenSize).On(TorchRuntime.Device).Unscoped();
        }
    }

    public override bool TakesThreads => true;

    public override TeacherOutputs OutputsOf(Batch batch, Tensor ids_BT, IReadOnlyCollection<TapPlace> places)
    {
        if (places.Count > 0)
            throw new EspalierException(
                "the loss compares hidden states inside the teacher, which a cache does not hold; train with the teacher itself");
        return new(_cache.Key.Encoding == CacheEncoding.Hidden ? Hidden(batch, ids_BT.Device)
            : Sparse(batch, ids_BT.Device), new Dictionary<TapPlace, Tensor>());
    }

    public void Dispose()
    {
        _head_VE?.Dispose();
        _record.Dispose();
    }

    private DenseDistributions Hidden(Batch batch, Device device)
    {
        var (T, E) = (batch.Sequence, _cache.Key.HiddenSize);
        var states = new float[batch.Tokens * E];
        for (var i = 0; i < batch.Size; i++)
        {
            _cache.Read(batch.Windows[i], _record.Value!);
            Floats(_cache.Layout.Hidden, T * E).CopyTo(states.AsSpan(i * T * E));
        }
        return new(Tensor.From<float>(states, batch.Tokens, E).On(device), new(_head_VE!) { Cap = _cache.LogitCap });
    }

    private SparseDistributions Sparse(Batch batch, Device device)
    {
        var (key, layout, T) = (_cache.Key, _cache.Layout, batch.Sequence);
        var (K, M, width) = (key.K, key.Samples, key.K + key.Samples);
        var (ids, weights) = (new long[batch.Tokens * width], new float[batch.Tokens * width]);
        var (tails, entropies) = (new float[batch.Tokens], new float[batch.Tokens]);
        for (var i = 0; i < batch.Size; i++)
        {
            _cache.Read(batch.Windows[i], _record.Value!);
            if (K > 0)
                Floats(layout.LogTail, T).CopyTo(tails.AsSpan(i * T));
            if (M > 0)
                Floats(layout.Entropy, T).CopyTo(entropies.AsSpan(i * T));
            var probabilities = Floats(layout.TopProbabilities, T * K);
            for (var t = 0; t < T; t++)
            {
                var at = (i * T + t) * width;
                ReadIds(layout.TopIds, t * K, ids.AsSpan(at, K));
                probabilities.Slice(t * K, K).CopyTo(weights.AsSpan(at));
                ReadIds(layout.DrawnIds, t * M, ids.AsSpan(at + K, M));
                weights.AsSpan(at + K, M).Fill((K > 0 ? MathF.Exp(tails[i * T + t]) : 1) / M);
            }
        }
        var N = batch.Tokens;
        return new(
            key.Vocabulary, Tensor.From<long>(ids, N, width).On(device), Tensor.From<float>(weights, N, width).On(device),
            M == 0 ? Tensor.From<float>(tails, N).On(device) : null, M > 0 ? Tensor.From<float>(entropies, N).On(device) : null);
    }

    private ReadOnlySpan<float> Floats(int offset, int count) => MemoryMarshal.Cast<byte, float>(_record.Value.AsSpan(offset, 4 * count));

    private void ReadIds(int offset, int first, Span<long> ids)
    {
        if (_cache.Layout.IdBytes == 2)
        {
            var from = MemoryMarshal.Cast<byte, ushort>(_record.Value.AsSpan(offset))[first..];
            for (var i = 0; i < ids.Length; i++)
                ids[i] = from[i];
        }
        else
        {
            var from = MemoryMarshal.Cast<byte, int>(_record.Value.AsSpan(offset))[first..];
            for (var i = 0; i < ids.Length; i++)
                ids[i] = from[i];
        }
    }
}

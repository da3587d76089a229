using System.Runtime.InteropServices;
using Espalier.Compression.Distillation.Losses;

namespace Espalier.Compression.Distillation.Caching;

// Shapes: B windows, T positions, N = B T, C positions of a chunk, V vocabulary, K likeliest and M drawn entries, E teacher width.

/// <summary>A teacher's hidden states to records of a cache.</summary>
internal sealed class DistributionEncoder(CacheKey key)
{
    private readonly CacheLayout _layout = new(key);

    /// <summary>Encodes windows, each into a record of <see cref="CacheLayout.WindowBytes"/>.</summary>
    /// <param name="hidden_NE">States before the head, [B·T, E].</param>
    /// <param name="windows">The windows' numbers, which draws depend on.</param>
    /// <param name="records">B records.</param>
    /// <exception cref="EspalierException">A distribution is not finite.</exception>
    public void Encode(Tensor hidden_NE, LmHead head, ReadOnlySpan<long> windows, Memory<byte>[] records)
    {
        if (key.Encoding == CacheEncoding.Hidden)
        {
            for (var i = 0; i < records.Length; i++)
            {
                var states = hidden_NE.Slice(0, (long)i * key.Sequence, (long)(i + 1) * key.Sequence).Contiguous().To(DType.Float32);
                if (!states.AllFinite())
                    throw NotFinite(windows[i]);
                states.CopyBytesTo(records[i].Span[_layout.Hidden..]);
            }
            return;
        }
        for (var i = 0; i < records.Length; i++)
        {
            var (first, window, record) = ((long)i * key.Sequence, windows[i], records[i]);
            head.Each(key.Sequence, (start, end) =>
            {
                var logP_CV = head.Logits(hidden_NE.Slice(0, first + start, first + end)).To(DType.Float32);
                if (key.Temperature != 1)
                    logP_CV.MulInPlace(1 / key.Temperature);
                Encode(logP_CV.LogSoftmax(-1), window, (int)start, record.Span);
            });
        }
    }

    private void Encode(Tensor logP_CV, long window, int start, Span<byte> record)
    {
        var (C, p_CV) = ((int)logP_CV.Size(0), key.Samples > 0 ? logP_CV.Exp() : null);
        if (p_CV is not null)
        {
            // 0 · log 0 counts as 0.
            var entropy_C = p_CV.Mul(logP_CV).MaskedFill(p_CV.LessOrEqual(0), 0).Sum([-1]).Neg();
            if (!entropy_C.AllFinite())
                throw NotFinite(window);
            entropy_C.CopyBytesTo(record.Slice(_layout.Entropy + 4 * start, 4 * C));
        }
        if (key.K > 0)
        {
            var top = TopKTail.Of(logP_CV, key.K);
            if (!top.Weights_CK.AllFinite())
                throw NotFinite(window);
            WriteIds(top.Ids_CK.ToArray<long>(), record[(_layout.TopIds + start * key.K * _layout.IdBytes)..]);
            top.Weights_CK.Contiguous().CopyBytesTo(record.Slice(_layout.TopProbabilities + 4 * start * key.K, 4 * C * key.K));
            top.LogTail_C!.CopyBytesTo(record.Slice(_layout.LogTail + 4 * start, 4 * C));
            p_CV?.ScatterFillInPlace(-1, top.Ids_CK, 0);
        }
        if (p_CV is null)
            return;
        var (weights, V) = (p_CV.ToArray<float>(), key.Vocabulary);
        Span<int> ids = new int[key.Samples];
        var wide = new long[key.Samples];
        for (var i = 0; i < C; i++)
        {
            Draws.Fill(weights.AsSpan(i * V, V), Draws.Uniform(key.Seed, window, start + i), ids);
            for (var j = 0; j < wide.Length; j++)
                wide[j] = ids[j];
            WriteIds(wide, record[(_layout.DrawnIds + (start + i) * key.Samples * _layout.IdBytes)..]);
        }
    }

    private void WriteIds(ReadOnlySpan<long> ids, Span<byte> destination)
    {
        if (_layout.IdBytes == 2)
        {
            var to = MemoryMarshal.Cast<byte, ushort>(destination);
            for (var i = 0; i < ids.Length; i++)
                to[i] = (ushort)ids[i];
        }
        else
        {
            var to = MemoryMarshal.Cast<byte, int>(destination);
            for (var i = 0; i < ids.Length; i++)
                to[i] = (int)ids[i];
        }
    }

    private static EspalierException NotFinite(long window) =>
        new($"cache: the teacher's distribution in window {window} is not "
            + "finite; look at the teacher's weights or at that part of the data")
        { ExitCode = 1 };
}

using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Espalier.Torch.Kernels.Vectors;

namespace Espalier.Torch.Kernels.Products;

/// <summary>
/// Four outputs of a matrix, times rows: x · w of each in vectors, those summed by <see cref="IFloats{TSelf}.Sums"/>, then what is no
/// whole vector, entry by entry. That order is the same for one row and for several.
/// </summary>
internal readonly unsafe struct RowProductTile<TV, TW> where TV : unmanaged, IFloats<TV> where TW : IWeights<TV>
{
    private const MethodImplOptions Inline = MethodImplOptions.AggressiveInlining;

    // Bytes of a cache line, of what may be on its way into the first cache (as much as that has; what is farther goes to the second), and
    // how far ahead of one row's products weights are asked for: the best of 8 to 32 KiB, with weights of four, two and one byte.
    private const int Line = 64, Near = 1 << 16, Ahead = 12 << 10;

    private readonly byte* _w0, _w1, _w2, _w3;
    private readonly float* _s0, _s1, _s2, _s3, _x;
    private readonly long _k, _step;

    /// <summary>Outputs n, ..., n + last; where there are fewer than four, the last one stands for those that are missing.</summary>
    [MethodImpl(Inline)]
    public RowProductTile(RowProductJob* job, RowProductJob.Part* part, long n, long last)
    {
        _x = job->X;
        (_k, _step) = (job->K, job->XStep);
        var (bytes, scales) = (_k * TW.Size, PackKernel.Blocks(_k));
        var (n1, n2, n3) = (n + Math.Min(1, last), n + Math.Min(2, last), n + Math.Min(3, last));
        _w0 = part->Weights + n * bytes;
        _w1 = part->Weights + n1 * bytes;
        _w2 = part->Weights + n2 * bytes;
        _w3 = part->Weights + n3 * bytes;
        _s0 = part->Scales + n * scales;
        _s1 = part->Scales + n1 * scales;
        _s2 = part->Scales + n2 * scales;
        _s3 = part->Scales + n3 * scales;
    }

    /// <summary>One row's four sums.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void OneRow(long row, float* sums)
    {
        byte* p0 = _w0, p1 = _w1, p2 = _w2, p3 = _w3;
        float* s0 = _s0, s1 = _s1, s2 = _s2, s3 = _s3, x = _x + row * _step;
        var k = _k;
        TV a = TV.All(0), b = TV.All(0), c = TV.All(0), d = TV.All(0);
        var i = 0L;
        // Streams end with their rows, and so does what the machine guessed of them: weights are asked for by name, in the order of memory.
        for (; i + TV.Lanes <= k; i += TV.Lanes)
        {
            if (Sse.IsSupported)
                Prefetch(p0 + Ahead + 4 * i * TW.Size, 4 * TV.Lanes * TW.Size, isNear: true);
            var at = TV.Load(x + i);
            a = TV.MultiplyAdd(at, TW.Load(p0, s0, i), a);
            b = TV.MultiplyAdd(at, TW.Load(p1, s1, i), b);
            c = TV.MultiplyAdd(at, TW.Load(p2, s2, i), c);
            d = TV.MultiplyAdd(at, TW.Load(p3, s3, i), d);
        }
        Sum(a, b, c, d, x, i, sums);
    }

    /// <summary>Asks for the next tile's weights, which several rows read from the caches then.</summary>
    [MethodImpl(Inline)]
    public void Prefetch()
    {
        var tile = 4 * _k * TW.Size;
        if (Sse.IsSupported)
            for (byte* next = _w0 + tile, end = next + tile; next < end; next += Line)
                Prefetch(next, Line, 2 * tile <= Near);
    }

    /// <summary>Four rows' sums, [row, output]: sixteen vectors of sums, for machines with 32.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void FourRows(long row, float* sums)
    {
        byte* p0 = _w0, p1 = _w1, p2 = _w2, p3 = _w3;
        float* s0 = _s0, s1 = _s1, s2 = _s2, s3 = _s3;
        var k = _k;
        float* x0 = _x + row * _step, x1 = x0 + _step, x2 = x1 + _step, x3 = x2 + _step;
        var zero = TV.All(0);
        TV a0 = zero, b0 = zero, c0 = zero, d0 = zero, a1 = zero, b1 = zero, c1 = zero, d1 = zero;
        TV a2 = zero, b2 = zero, c2 = zero, d2 = zero, a3 = zero, b3 = zero, c3 = zero, d3 = zero;
        var i = 0L;
        for (; i + TV.Lanes <= k; i += TV.Lanes)
        {
            TV w0 = TW.Load(p0, s0, i), w1 = TW.Load(p1, s1, i), w2 = TW.Load(p2, s2, i), w3 = TW.Load(p3, s3, i);
            var at = TV.Load(x0 + i);
            a0 = TV.MultiplyAdd(at, w0, a0);
            b0 = TV.MultiplyAdd(at, w1, b0);
            c0 = TV.MultiplyAdd(at, w2, c0);
            d0 = TV.MultiplyAdd(at, w3, d0);
            at = TV.Load(x1 + i);
            a1 = TV.MultiplyAdd(at, w0, a1);
            b1 = TV.MultiplyAdd(at, w1, b1);
            c1 = TV.MultiplyAdd(at, w2, c1);
            d1 = TV.MultiplyAdd(at, w3, d1);
            at = TV.Load(x2 + i);
            a2 = TV.MultiplyAdd(at, w0, a2);
            b2 = TV.MultiplyAdd(at, w1, b2);
            c2 = TV.MultiplyAdd(at, w2, c2);
            d2 = TV.MultiplyAdd(at, w3, d2);
            at = TV.Load(x3 + i);
            a3 = TV.MultiplyAdd(at, w0, a3);
            b3 = TV.MultiplyAdd(at, w1, b3);
            c3 = TV.MultiplyAdd(at, w2, c3);
            d3 = TV.MultiplyAdd(at, w3, d3);
        }
        Sum(a0, b0, c0, d0, x0, i, sums);
        Sum(a1, b1, c1, d1, x1, i, sums + 4);
        Sum(a2, b2, c2, d2, x2, i, sums + 8);
        Sum(a3, b3, c3, d3, x3, i, sums + 12);
    }

    /// <summary>The same two rows at a time: eight vectors of sums, for machines with 16.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void FourRowsByHalves(long row, float* sums)
    {
        byte* p0 = _w0, p1 = _w1, p2 = _w2, p3 = _w3;
        float* s0 = _s0, s1 = _s1, s2 = _s2, s3 = _s3;
        var k = _k;
        for (var half = 0; half < 2; half++, sums += 8)
        {
            float* x0 = _x + (row + 2 * half) * _step, x1 = x0 + _step;
            var zero = TV.All(0);
            TV a0 = zero, b0 = zero, c0 = zero, d0 = zero, a1 = zero, b1 = zero, c1 = zero, d1 = zero;
            var i = 0L;
            for (; i + TV.Lanes <= k; i += TV.Lanes)
            {
                TV at = TV.Load(x0 + i), also = TV.Load(x1 + i);
                var w = TW.Load(p0, s0, i);
                a0 = TV.MultiplyAdd(at, w, a0);
                a1 = TV.MultiplyAdd(also, w, a1);
                w = TW.Load(p1, s1, i);
                b0 = TV.MultiplyAdd(at, w, b0);
                b1 = TV.MultiplyAdd(also, w, b1);
                w = TW.Load(p2, s2, i);
                c0 = TV.MultiplyAdd(at, w, c0);
                c1 = TV.MultiplyAdd(also, w, c1);
                w = TW.Load(p3, s3, i);
                d0 = TV.MultiplyAdd(at, w, d0);
                d1 = TV.MultiplyAdd(also, w, d1);
            }
            Sum(a0, b0, c0, d0, x0, i, sums);
            Sum(a1, b1, c1, d1, x1, i, sums + 4);
        }
    }

    // Up to four lines.
    [MethodImpl(Inline)]
    private static void Prefetch(byte* from, int bytes, bool isNear)
    {
        Prefetch(from, isNear);
        if (bytes > Line)
            Prefetch(from + Line, isNear);
        if (bytes > 2 * Line)
        {
            Prefetch(from + 2 * Line, isNear);
            Prefetch(from + 3 * Line, isNear);
        }
    }

    [MethodImpl(Inline)]
    private static void Prefetch(byte* from, bool isNear)
    {
        if (isNear)
            Sse.Prefetch0(from);
        else
            Sse.Prefetch1(from);
    }

    [MethodImpl(Inline)]
    private void Sum(TV a, TV b, TV c, TV d, float* x, long i, float* sums)
    {
        TV.Sums(a, b, c, d).Store(sums);
        for (; i < _k; i++)
        {
            sums[0] += x[i] * TW.One(_w0, _s0, i);
            sums[1] += x[i] * TW.One(_w1, _s1, i);
            sums[2] += x[i] * TW.One(_w2, _s2, i);
            sums[3] += x[i] * TW.One(_w3, _s3, i);
        }
    }
}

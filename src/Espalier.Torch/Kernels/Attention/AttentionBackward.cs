using System.Runtime.CompilerServices;
using Espalier.Torch.Kernels.Products;
using Espalier.Torch.Kernels.Vectors;

namespace Espalier.Torch.Kernels.Attention;

/// <summary>
/// The backward pass of attention (arXiv 2307.08691, section 3.1), in tiles of queries and keys: the weights P are made again out of the
/// scores and the sums that the forward pass kept; with dP = dY Vᵀ and D = Σ dY Y of each row, dS = scale · P (dP − D), dQ = dS K, dK = dSᵀ
/// Q and dV = Pᵀ dY. A sink has a weight and no value, so that its gradient is minus the sum of weight · D. A task is one key head of one
/// sample: nothing is added by two threads.
/// </summary>
internal static unsafe class AttentionBackward
{
    // Queries and keys of a tile, and rows that are multiplied at once.
    private const long Queries = 64, Keys = 256, Rows = 8;

    public static void Tasks<TV>(long first, long last, void* context) where TV : unmanaged, IFloats<TV>
    {
        var p = (AttentionProblem*)context;
        var own = new Own(p->H, Tile.Up<TV>(p->H), (p->S + Keys - 1) / Keys * Keys);
        for (var task = first; task < last; task++)
            Head<TV>(p, task / p->K, task % p->K, own);
    }

    private static void Head<TV>(AttentionProblem* p, long b, long head, in Own own) where TV : unmanaged, IFloats<TV>
    {
        var (S, H, width) = (p->S, p->H, own.Width);
        for (var from = 0L; from < S; from += Keys)
        {
            var count = Math.Min(Keys, S - from);
            Panels.OfColumns<TV>(p->Key(b, from, head), p->KeyStep, count, H, own.KeyColumns + from * H);
            Panels.OfColumns<TV>(p->Value(b, from, head), p->ValueStep, count, H, own.ValueColumns + from * H);
            Panels.OfRows<TV>(p->Key(b, from, head), p->KeyStep, count, H, Keys, own.KeyRows + from * width);
        }
        Clear(own.ToKeys, own.Room * width);
        Clear(own.ToValues, own.Room * width);
        for (var n = head * p->Group; n < (head + 1) * p->Group; n++)
            for (var t = 0L; t < p->T; t += Queries)
                Block<TV>(p, b, n, t, Math.Min(Queries, p->T - t), own);
        for (var s = 0L; s < S; s++)
        {
            var at = ((b * S + s) * p->K + head) * H;
            Copy(own.ToKeys + s * width, p->ToKeys + at, H);
            Copy(own.ToValues + s * width, p->ToValues + at, H);
        }
    }

    // Some queries of one head against all keys that they see.
    private static void Block<TV>(AttentionProblem* p, long b, long n, long t, long rows, in Own own) where TV : unmanaged, IFloats<TV>
    {
        var (H, width, end) = (p->H, own.Width, p->Past + t + rows);
        var step = p->N * H;
        Panels.OfRows<TV>(p->Query(b, t, n), p->QueryStep, rows, H, Queries, own.QueryRows);
        Panels.OfRows<TV>(p->Slope + p->Row(b, t, n), step, rows, H, Queries, own.SlopeRows);
        for (var r = 0L; r < rows; r++)
            own.Dots[r] = AttentionRows.Dot<TV>(p->Slope + p->Row(b, t + r, n), p->Output + p->Row(b, t + r, n), H);
        if (p->Sinks != null)
            AddToSink(p, b, n, t, rows, own.Dots);
        Clear(own.ToQueries, rows * width);
        for (var from = p->Low(b, t) / Keys * Keys; from < end; from += Keys)
            Tiles<TV>(p, b, n, t, rows, from, Math.Min(end, from + Keys), own);
        for (var r = 0L; r < rows; r++)
            Copy(own.ToQueries + r * width, p->ToQueries + p->Row(b, t + r, n), H);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tiles<TV>(AttentionProblem* p, long b, long n, long t, long rows, long from, long to, in Own own)
        where TV : unmanaged, IFloats<TV>
    {
        var (H, width, wide) = (p->H, own.Width, Tile.Wide<TV>());
        for (var r = 0L; r < rows; r += Rows)
        {
            var some = Math.Min(Rows, rows - r);
            float* weights = own.Weights + r * Keys, slopes = own.Slopes + r * Keys;
            // The panels that some row sees; the rest of the tile is zero.
            long begin = Math.Max(from, p->Low(b, t + r)), end = Math.Min(to, p->Past + t + r + some);
            if (begin >= end)
            {
                Clear(weights, some * Keys);
                Clear(slopes, some * Keys);
                continue;
            }
            long low = (begin - from) / wide * wide, count = Tile.Up<TV>(end - from) - low, column = (from + low) * H;
            Tile.Multiply<TV>(
                p->Query(b, t + r, n), p->QueryStep, 1, own.KeyColumns + column, H * wide, weights + low, Keys, some, count, H, add: false);
            Tile.Multiply<TV>(
                p->Slope + p->Row(b, t + r, n), p->N * H, 1, own.ValueColumns + column, H * wide, slopes + low, Keys, some, count, H,
                add: false);
            for (var i = 0L; i < some; i++, weights += Keys, slopes += Keys)
            {
                var sums = p->Sums + ((b * p->N + n) * p->T + t + r + i) * 2;
                if (p->Cap != 0)
                    AttentionRows.Cap(weights + low, count, p->Scale, p->Cap, own.Caps);
                AttentionRows.Weights<TV>(weights + low, slopes + low, count, p->Rest, sums[0], sums[1], own.Dots[r + i]);
                for (var s = 0L; p->Cap != 0 && s < count; s++)
                    slopes[low + s] *= own.Caps[s];
                var seenFrom = Math.Min(Keys, Math.Max(from, p->Low(b, t + r + i)) - from);
                var seenTo = Math.Max(seenFrom, Math.Min(to, p->Past + t + r + i + 1) - from);
                Clear(weights, seenFrom);
                Clear(slopes, seenFrom);
                Clear(weights + seenTo, Keys - seenTo);
                Clear(slopes + seenTo, Keys - seenTo);
            }
            Tile.Multiply<TV>(
                own.Slopes + r * Keys + low, Keys, 1, own.KeyRows + from * width + low * wide, Keys * wide,
                own.ToQueries + r * width, width, some, width, count, add: true);
        }
        // Keys that only later rows see begin with those.
        for (var s = 0L; s < to - from; s += Rows)
        {
            var skipped = Math.Max(0, from + s - p->Past - t);
            if (skipped >= rows)
                break;
            var some = Math.Min(Rows, to - from - s);
            Tile.Multiply<TV>(
                own.Weights + skipped * Keys + s, 1, Keys, own.SlopeRows + skipped * wide, Queries * wide,
                own.ToValues + (from + s) * width, width, some, width, rows - skipped, add: true);
            Tile.Multiply<TV>(
                own.Slopes + skipped * Keys + s, 1, Keys, own.QueryRows + skipped * wide, Queries * wide,
                own.ToKeys + (from + s) * width, width, some, width, rows - skipped, add: true);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void AddToSink(AttentionProblem* p, long b, long n, long t, long rows, float* dots)
    {
        var sum = 0.0;
        for (var r = 0L; r < rows; r++)
        {
            var sums = p->Sums + ((b * p->N + n) * p->T + t + r) * 2;
            sum += MathF.Exp(p->Sinks[n] - sums[0] * p->Rest) * sums[1] * dots[r];
        }
        p->ToSinks[b * p->N + n] -= sum;
    }

    private static void Clear(float* from, long count) => new Span<float>(from, (int)count).Clear();

    private static void Copy(float* from, float* to, long count) =>
        new Span<float>(from, (int)count).CopyTo(new Span<float>(to, (int)count));

    // Scratch of a thread: keys and values of one head packed, what is added up for them, and a tile.
    private readonly struct Own
    {
        public readonly float* KeyColumns, ValueColumns, KeyRows, ToKeys, ToValues, QueryRows, SlopeRows, ToQueries, Weights, Slopes, Dots,
            Caps;
        public readonly long Width, Room;

        public Own(long H, long width, long room)
        {
            (Width, Room) = (width, room);
            KeyColumns = Scratch.Of(2 * room * H + 3 * room * width + 3 * Queries * width + 2 * Queries * Keys + Queries + Keys);
            ValueColumns = KeyColumns + room * H;
            KeyRows = ValueColumns + room * H;
            ToKeys = KeyRows + room * width;
            ToValues = ToKeys + room * width;
            QueryRows = ToValues + room * width;
            SlopeRows = QueryRows + Queries * width;
            ToQueries = SlopeRows + Queries * width;
            Weights = ToQueries + Queries * width;
            Slopes = Weights + Queries * Keys;
            Dots = Slopes + Queries * Keys;
            Caps = Dots + Queries;
        }
    }
}

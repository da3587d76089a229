using System.Runtime.CompilerServices;
using Espalier.Torch.Kernels.Vectors;

namespace Espalier.Torch.Kernels.Products;

/// <summary>
/// Products of large matrices, of which either may lie turned. A group of B's columns is packed into panels that stay in the second cache
/// while rows of A pass; what a tile of C is made of lies in the first, and what comes next is asked for while it is made. Each entry of C
/// is one sum in a fixed order, in pieces of at most 256 products, whatever the number of threads and of the rows and columns beside it.
/// </summary>
internal static unsafe class ProductKernel
{
    // Rows that pass panel after panel together; products of a piece of a sum, of which a panel of B and eight rows of A are in the first
    // cache; products of sums that are made at once, and not in C piece by piece; floats of B that are packed together, and columns; rows of
    // A for which B is read where it lies.
    private const long Rows = 64, Piece = 256, Whole = 1024, Packed = 3 << 14, Most = 256, Few = 256;

    // Products below which a second thread costs more to wake than it saves.
    private const long Enough = 1 << 21;

    /// <summary>Multiplies.</summary>
    public static void Run(ref ProductJob job)
    {
        var plan = new Plan(job);
        Workers.For(0, plan.Groups * plan.Units, Math.Max(1, Enough / Math.Max(1, Rows * Math.Min(plan.Columns, job.Columns) * job.Depth)),
            Width.Of(&Tasks<Floats512>, &Tasks<Floats256>, &Tasks<Floats128>), &plan);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tasks<TV>(long first, long last, void* context) where TV : unmanaged, IFloats<TV>
    {
        var plan = (Plan*)context;
        // A thread packs a group of columns once for all rows that it has.
        for (long group, end; first < last; first = end)
        {
            group = first / plan->Units;
            end = Math.Min(last, (group + 1) * plan->Units);
            var (top, bottom) = ((first - group * plan->Units) * Rows, (end - group * plan->Units) * Rows);
            Group<TV>(plan, group * plan->Columns, top, Math.Min(bottom, plan->Job.Rows));
        }
    }

    // Columns from left on of rows from top to bottom.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Group<TV>(Plan* plan, long left, long top, long bottom) where TV : unmanaged, IFloats<TV>
    {
        var job = &plan->Job;
        var wide = Tile.Wide<TV>();
        var columns = Math.Min(plan->Columns, job->Columns - left);
        var room = Tile.Up<TV>(columns);
        var b = Scratch.Of(plan->Depth * (room + Rows) + Rows * wide);
        var turned = b + plan->Depth * room;
        var tile = turned + plan->Depth * Rows;
        var skipped = job->BColumn == 1 && bottom - top <= Few ? columns / wide * wide : 0;
        for (var block = 0L; block < plan->Blocks; block++)
        {
            var (from, depth) = plan->Block(block);
            var pieces = Math.Max(1, (depth + Piece - 1) / Piece);
            for (var piece = 0L; piece < pieces; piece++)
            {
                long first = depth * piece / pieces, last = depth * (piece + 1) / pieces;
                Pack<TV>(job, left + skipped, columns - skipped, from + first, from + last, b + room * first + skipped * (last - first));
            }
            var (nextB, nextBRows) = NextB(plan, left, block);
            float* begin = block == 0 ? job->Begin : job->C;
            var beginRow = block == 0 ? job->BeginRow : job->CRow;
            // Where one piece's worth of A's rows is asked for together, the rows of the next block come after those of this.
            var aheadA = Ahead.Of(job->A + top * job->ARow + from * job->ADepth, job->ARow, depth);
            var aheadC = begin == job->C && begin != null ? Ahead.Of(job->C + top * job->CRow + left, job->CRow, columns) : Ahead.None;
            var aheadBlock = block + 1 < plan->Blocks && job->ADepth == 1
                ? Ahead.Of(job->A + top * job->ARow + from + depth, job->ARow, plan->Block(block + 1).Depth) : Ahead.None;
            for (var row = top; row < bottom; row += Rows)
            {
                var rows = Math.Min(Rows, bottom - row);
                float* a = job->A + row * job->ARow + from * job->ADepth;
                long aRow = job->ARow, aDepth = job->ADepth;
                if (aDepth != 1)
                {
                    for (var d = 0L; d < depth; d++)
                        new ReadOnlySpan<float>(a + d * aDepth, (int)rows).CopyTo(new(turned + d * Rows, (int)rows));
                    aheadA = row + Rows < bottom ? Ahead.Of(a + Rows, aDepth, Rows)
                        : block + 1 < plan->Blocks ? Ahead.Of(job->A + top + (from + depth) * aDepth, aDepth, Rows) : Ahead.None;
                    a = turned;
                    aRow = 1;
                    aDepth = Rows;
                }
                var seen = row - top + 2 * Rows;
                for (var panel = 0L; panel * wide < columns; panel++)
                {
                    var there = Math.Min(wide, columns - panel * wide);
                    var isWhole = there == wide && rows % 8 == 0;
                    var c = job->C + row * job->CRow + left + panel * wide;
                    var start = begin == null ? null : begin + row * beginRow + left + panel * wide;
                    if (!isWhole)
                        Copy(start, beginRow, tile, wide, rows, there);
                    for (var piece = 0L; piece < pieces; piece++)
                    {
                        long first = depth * piece / pieces, length = depth * (piece + 1) / pieces - first;
                        var isThere = panel * wide < skipped;
                        var panelB = isThere ? job->B + (from + first) * job->BDepth + left + panel * wide : b + room * first + panel * wide * length;
                        var bRow = isThere ? job->BDepth : wide;
                        float* source = isWhole && piece == 0 ? start : tile, to = isWhole && piece == pieces - 1 ? c : tile;
                        var (sourceRow, toRow) = (source == tile ? wide : beginRow, to == tile ? wide : job->CRow);
                        var i = 0L;
                        for (; i + 8 <= rows; i += 8)
                        {
                            float* ask = a;
                            var step = 0L;
                            _ = nextB.Take(length, nextBRows, ref ask, ref step)
                                || aheadA.Take(length, job->ADepth == 1 ? Math.Min(seen, bottom - top) : depth, ref ask, ref step)
                                || aheadC.Take(length, Math.Min(seen, bottom - top), ref ask, ref step)
                                || aheadBlock.Take(length, Math.Min(seen, bottom - top), ref ask, ref step);
                            ProductTile.Eight<TV>(a + i * aRow + first * aDepth, aRow, aDepth, panelB, bRow, length,
                                source == null ? null : source + i * sourceRow, sourceRow, to + i * toRow, toRow, ask, step);
                        }
                        if (i < rows)
                            Tile.Column<TV>(a + i * aRow + first * aDepth, aRow, aDepth, panelB, bRow, tile + i * wide, wide, rows - i,
                                length, add: true);
                    }
                    if (!isWhole)
                        Copy(tile, wide, c, job->CRow, rows, there);
                }
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Pack<TV>(ProductJob* job, long left, long columns, long from, long to, float* packed) where TV : unmanaged, IFloats<TV>
    {
        var b = job->B + from * job->BDepth + left * job->BColumn;
        if (job->BColumn == 1)
            Panels.OfRows<TV>(b, job->BDepth, to - from, columns, to - from, packed);
        else
            Panels.OfColumns<TV>(b, job->BColumn, columns, to - from, packed);
    }

    // What is packed after a block of some columns, and how many rows it has in memory.
    private static (Ahead Ahead, long Rows) NextB(Plan* plan, long left, long block)
    {
        var job = &plan->Job;
        block++;
        if (block == plan->Blocks)
            (block, left) = (0, left + plan->Columns);
        var columns = Math.Min(plan->Columns, job->Columns - left);
        if (columns <= 0)
            return (Ahead.None, 0);
        var (from, depth) = plan->Block(block);
        var b = job->B + from * job->BDepth + left * job->BColumn;
        return job->BColumn == 1 ? (Ahead.Of(b, job->BDepth, columns), depth) : (Ahead.Of(b, job->BColumn, depth), columns);
    }

    // From nothing zeros are copied.
    private static void Copy(float* from, long step, float* to, long toStep, long rows, long columns)
    {
        for (var row = 0L; row < rows; row++)
        {
            var there = new Span<float>(to + row * toStep, (int)columns);
            if (from == null)
                there.Clear();
            else
                new ReadOnlySpan<float>(from + row * step, (int)columns).CopyTo(there);
        }
    }

    // How a product is cut: by its sizes alone.
    private struct Plan(in ProductJob job)
    {
        public ProductJob Job = job;

        /// <summary>Blocks of the depth, one of them where sums are made at once.</summary>
        public readonly long Blocks = job.Depth <= Whole ? 1 : (job.Depth + Piece - 1) / Piece;

        /// <summary>Columns of a group.</summary>
        public readonly long Columns = Even(job.Columns, job.Depth > Whole ? Most : Math.Clamp(Packed / Math.Max(1, job.Depth) / 32 * 32, 32, Most));

        /// <summary>Pieces that all rows are cut into.</summary>
        public readonly long Units => (Job.Rows + Rows - 1) / Rows;

        /// <summary>Groups of columns.</summary>
        public readonly long Groups => (Job.Columns + Columns - 1) / Columns;

        /// <summary>The largest depth of a block.</summary>
        public readonly long Depth => (Job.Depth + Blocks - 1) / Blocks;

        // Groups of the same size, of whole panels.
        private static long Even(long columns, long most)
        {
            var groups = Math.Max(1, (columns + most - 1) / most);
            return (Math.Max(1, (columns + groups - 1) / groups) + 31) / 32 * 32;
        }

        /// <summary>Where a block begins, and its depth.</summary>
        public readonly (long From, long Depth) Block(long block) =>
            (Job.Depth * block / Blocks, Job.Depth * (block + 1) / Blocks - Job.Depth * block / Blocks);
    }
}

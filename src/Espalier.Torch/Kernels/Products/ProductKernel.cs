using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Espalier.Torch.Kernels.Vectors;
using Espalier.Torch.Native;

namespace Espalier.Torch.Kernels.Products;

/// <summary>
/// Products of large matrices, of which either may lie turned. A group of B's columns is packed into panels that stay in the second cache
/// while rows of A pass; what a tile of C is made of lies in the first, and what comes next is asked for while it is made. Each entry of C
/// is one sum in a fixed order, in pieces of at most 256 products, whatever the number of threads and of the rows and columns beside it.
/// </summary>
internal static unsafe class ProductKernel
{
    // Rows that pass panel after panel together, and those of a tile; products of a piece of a sum, of which a panel of B and a tile's rows
    // of A are in the first cache; products of sums that are made at once, and not in C block by block; floats of B that are packed
    // together, and columns; rows of A for which B is read where it lies.
    private const long Rows = 64, Eight = 8, Piece = 256, Whole = 1024, Packed = 3 << 14, Most = 256, Few = 256;

    // The same where A's rows are copied, once for each group.
    private const long PackedBesideCopies = 1 << 17, MostBesideCopies = 512;

    // Products below which a second thread costs more to wake than it saves.
    private const long Enough = 1 << 21;

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
        var pass = new Pass { Columns = Math.Min(plan->Columns, job->Columns - left) };
        pass.Room = Tile.Up<TV>(pass.Columns);
        pass.Packed = Scratch.Of(plan->Depth * (pass.Room + Rows) + Rows * wide);
        pass.Lying = job->BColumn == 1 && bottom - top <= Few ? pass.Columns / wide * wide : 0;
        var turned = pass.Packed + plan->Depth * pass.Room;
        pass.Tile = turned + plan->Depth * Rows;
        for (var block = 0L; block < plan->Blocks; block++)
        {
            (var from, pass.Depth) = plan->Block(block);
            pass.B = job->B + from * job->BDepth + left * job->BColumn;
            pass.BRow = job->BDepth;
            pass.Pieces = Math.Max(1, (pass.Depth + Piece - 1) / Piece);
            for (var piece = 0L; piece < pass.Pieces; piece++)
                Pack<TV>(job, &pass, piece);
            float* begin = block == 0 ? job->Begin : job->C;
            pass.BeginRow = block == 0 ? job->BeginRow : job->CRow;
            (pass.AheadB, pass.AheadBRows) = NextB(plan, left, block);
            var firstA = job->A + top * job->ARow + from * job->ADepth;
            pass.AheadA = Ahead.Of(firstA, job->ARow, pass.Depth);
            pass.AheadC = begin == null || begin != job->C ? Ahead.None
                : Ahead.Of(begin + top * job->CRow + left, job->CRow, pass.Columns);
            var isLast = block + 1 == plan->Blocks;
            pass.AheadBlock = isLast || job->ADepth != 1 ? Ahead.None
                : Ahead.Of(firstA + pass.Depth, job->ARow, plan->Block(block + 1).Depth);
            for (var row = top; row < bottom; row += Rows)
            {
                pass.Rows = Math.Min(Rows, bottom - row);
                pass.Seen = pass.SeenA = Math.Min(row - top + 2 * Rows, bottom - top);
                pass.A = job->A + row * job->ARow + from * job->ADepth;
                (pass.ARow, pass.ADepth, pass.AEight) = (job->ARow, job->ADepth, Eight * job->ARow);
                if (pass.ADepth != 1)
                {
                    Turn(pass.A, pass.ADepth, pass.Depth, pass.Rows, turned);
                    pass.AheadA = row + Rows < bottom ? Ahead.Of(pass.A + Rows, pass.ADepth, Rows)
                        : isLast ? Ahead.None : Ahead.Of(firstA + pass.Depth * pass.ADepth, pass.ADepth, Rows);
                    pass.A = turned;
                    (pass.ARow, pass.ADepth, pass.AEight, pass.SeenA) = (1, Eight, Eight * pass.Depth, pass.Depth);
                }
                for (var column = 0L; column < pass.Columns; column += wide)
                    Panel<TV>(&pass, column, begin == null ? null : begin + row * pass.BeginRow + left + column,
                        job->C + row * job->CRow + left + column, job->CRow);
            }
        }
    }

    // Two vectors of columns of a pass' rows: c = begin + A B.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Panel<TV>(Pass* pass, long column, float* begin, float* c, long cRow) where TV : unmanaged, IFloats<TV>
    {
        var wide = Tile.Wide<TV>();
        var there = Math.Min(wide, pass->Columns - column);
        var isWhole = there == wide && pass->Rows % Eight == 0;
        if (!isWhole)
            Copy(begin, pass->BeginRow, pass->Tile, wide, pass->Rows, there);
        for (var piece = 0L; piece < pass->Pieces; piece++)
        {
            var (first, length) = pass->PieceOf(piece);
            var lies = column < pass->Lying;
            var b = lies ? pass->B + first * pass->BRow + column : pass->Packed + pass->Room * first + column * length;
            var bRow = lies ? pass->BRow : wide;
            float* source = isWhole && piece == 0 ? begin : pass->Tile, to = isWhole && piece == pass->Pieces - 1 ? c : pass->Tile;
            var (sourceRow, toRow) = (source == pass->Tile ? wide : pass->BeginRow, to == pass->Tile ? wide : cRow);
            var a = pass->A + first * pass->ADepth;
            var row = 0L;
            for (; row + Eight <= pass->Rows; row += Eight, a += pass->AEight)
            {
                var ask = pass->Ask(length, out var step);
                ProductTile.Eight<TV>(a, pass->ARow, pass->ADepth, b, bRow, length,
                    source == null ? null : source + row * sourceRow, sourceRow, to + row * toRow, toRow, ask, step);
            }
            if (row < pass->Rows)
                Rest<TV>(a, pass->ARow, pass->ADepth, b, bRow, pass->Tile + row * wide, pass->Rows - row, length);
        }
        if (!isWhole)
            Copy(pass->Tile, wide, c, cRow, pass->Rows, there);
    }

    // Rows beyond whole eights. Apart, for in one method with the tile above the compiler reaches its limit of what it inlines, and leaves
    // a call for each multiplication here.
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void Rest<TV>(float* a, long aRow, long aDepth, float* b, long bRow, float* c, long rows, long depth)
        where TV : unmanaged, IFloats<TV> =>
        Tile.Column<TV>(a, aRow, aDepth, b, bRow, c, Tile.Wide<TV>(), rows, depth, add: true);

    // Columns of A, [depth, rows], as [rows / 8][depth][8]: what a tile reads lies together, and leaves the first cache to the panel of B.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Turn(float* from, long step, long depth, long rows, float* to)
    {
        var whole = rows / Eight * Eight;
        for (var d = 0L; d < depth; d++, from += step, to += Eight)
        {
            for (var row = 0L; row < whole; row += Eight)
                Vector256.Load(from + row).Store(to + row * depth);
            for (var row = whole; row < rows; row++)
                to[whole * depth + row - whole] = from[row];
        }
    }

    // A piece of a block of B, without what is read where it lies.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Pack<TV>(ProductJob* job, Pass* pass, long piece) where TV : unmanaged, IFloats<TV>
    {
        var (first, length) = pass->PieceOf(piece);
        var from = pass->B + first * job->BDepth + pass->Lying * job->BColumn;
        var to = pass->Packed + pass->Room * first + pass->Lying * length;
        if (job->BColumn == 1)
            Panels.OfRows<TV>(from, job->BDepth, length, pass->Columns - pass->Lying, length, to);
        else
            Panels.OfColumns<TV>(from, job->BColumn, pass->Columns, length, to);
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

    // What tiles of some rows and a block of some columns are made of.
    private struct Pass
    {
        /// <summary>Rows and columns, the latter also in whole panels, and products of the block and in how many pieces.</summary>
        public long Rows, Columns, Room, Depth, Pieces;

        /// <summary>A's rows, copied where they lay in columns; from row to row, from entry to entry, from tile to tile.</summary>
        public float* A;
        public long ARow, ADepth, AEight;

        /// <summary>B's block as it lies, of which so many columns are read there, and the others as they are packed.</summary>
        public float* B, Packed;
        public long BRow, Lying;

        /// <summary>Memory for a panel's sums that are not whole, and the step of what sums begin with.</summary>
        public float* Tile;
        public long BeginRow;

        /// <summary>What is asked for meanwhile, and up to which row.</summary>
        public Ahead AheadA, AheadB, AheadC, AheadBlock;
        public long AheadBRows, Seen, SeenA;

        /// <summary>Where a piece begins in the block, and its products.</summary>
        public readonly (long First, long Length) PieceOf(long piece) =>
            (Depth * piece / Pieces, Depth * (piece + 1) / Pieces - Depth * piece / Pieces);

        /// <summary>What the next tile asks for, a line a step, of so many rows; something that is there where nothing is left.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public float* Ask(long count, out long step)
        {
            var from = A;
            step = 0;
            _ = AheadB.Take(count, AheadBRows, ref from, ref step) || AheadA.Take(count, SeenA, ref from, ref step)
                || AheadC.Take(count, Seen, ref from, ref step) || AheadBlock.Take(count, Seen, ref from, ref step);
            return from;
        }
    }

    // How a product is cut: by its sizes alone.
    private struct Plan(in ProductJob job)
    {
        public ProductJob Job = job;

        /// <summary>Blocks of the depth, one of them where sums are made at once.</summary>
        public readonly long Blocks = job.Depth <= Whole ? 1 : (job.Depth + Piece - 1) / Piece;

        /// <summary>Columns of a group.</summary>
        public readonly long Columns = Even(job.Columns,
            job.Depth > Whole ? Most
            : job.ADepth != 1 && job.Rows >= Rows * 2 * ComputeThread.Threads ? Room(PackedBesideCopies, job.Depth, MostBesideCopies)
            : Room(Packed, job.Depth, Most));

        /// <summary>Pieces that all rows are cut into.</summary>
        public readonly long Units => (Job.Rows + Rows - 1) / Rows;

        public readonly long Groups => (Job.Columns + Columns - 1) / Columns;

        /// <summary>The largest depth of a block.</summary>
        public readonly long Depth => (Job.Depth + Blocks - 1) / Blocks;

        // Columns of a depth that so many floats hold.
        private static long Room(long floats, long depth, long most) => Math.Clamp(floats / Math.Max(1, depth) / 32 * 32, 32, most);

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

using Espalier.Torch.Kernels;
using Espalier.Torch.Kernels.Attention;
using Espalier.Torch.Kernels.Elements;
using Espalier.Torch.Kernels.Norms;
using Espalier.Torch.Kernels.Products;

namespace Espalier.Torch;

/// <summary>
/// What a generated token asks of a decoder, on a few rows, into memory that is there: nothing is allocated, and no operator of libtorch is
/// called. Forward only, float32. A row's results have the same bits whatever rows are beside it and whatever the number of threads. The
/// twins are the methods of <see cref="Tensor"/> of the same names.
/// </summary>
internal static unsafe class RowOps
{
    private const string Products = "row products", Turn = "row rotation", Attention = "row attention", Units = "row units",
        Norms = "row norm";

    /// <summary>x Wᵀ + b of the first rows, for one to three matrices of one format in one pass over the threads.</summary>
    /// <param name="x">Rows of K.</param>
    /// <param name="rows">How many.</param>
    /// <param name="adds">Whether results are added to what is there.</param>
    /// <param name="products">The matrices and where their results go.</param>
    public static void Product(RowBuffer x, int rows, bool adds, params ReadOnlySpan<MatrixProduct<RowBuffer>> products)
    {
        if (products.Length is 0 or > RowProductJob.Most)
            throw KernelErrors.Of(Products, $"{products.Length} matrices at once; 1 to {RowProductJob.Most}");
        var format = products[0].Weight.Format;
        var job = new RowProductJob { X = x.Of(Products, "x", rows), Rows = rows, K = x.Width, XStep = x.Width, Adds = adds };
        job.A = Part(products[0], format, x, rows);
        if (products.Length > 1)
            job.B = Part(products[1], format, x, rows);
        if (products.Length > 2)
            job.C = Part(products[2], format, x, rows);
        RowProductKernel.Run(format, ref job);
        foreach (var product in products)
            product.To!.Check();
    }

    /// <summary>Rows of the matrix, widened: what an embedding looks up.</summary>
    /// <exception cref="TorchException">An id without a row.</exception>
    public static void Embedding(PackedMatrix table, ReadOnlySpan<int> ids, RowBuffer to)
    {
        table.ThrowIfDisposed();
        if (to.Width != table.Columns)
            throw KernelErrors.Of("row embedding", $"rows of {table.Columns} into rows of {to.Width}");
        var y = to.Of("row embedding", "the result", ids.Length);
        for (var i = 0; i < ids.Length; i++)
        {
            if ((uint)ids[i] >= table.Rows)
                throw KernelErrors.Of("row embedding", $"id {ids[i]} at {i} is outside the table's {table.Rows} rows");
            var bytes = table.Data + ids[i] * table.Columns * table.BytesOfOne;
            PackKernel.ToFloats(table.Format, bytes, table.Scales + ids[i] * PackKernel.Blocks(table.Columns), 1, table.Columns,
                y + i * to.Width);
        }
        to.Check();
    }

    /// <summary>The root-mean-square norm of each <paramref name="weight"/>'s width of x; <paramref name="to"/> may be x.</summary>
    public static void RmsNorm(RowBuffer x, int rows, RowBuffer weight, double epsilon, RowBuffer to)
    {
        var count = Pieces(x, rows, weight, to);
        RmsNormKernel.Run(x.Of(Norms, "x", rows), weight.Of(Norms, "weight", 1), epsilon, count, weight.Width,
            to.Of(Norms, "the result", rows));
        to.Check();
    }

    /// <summary>The layer norm; <paramref name="to"/> may be x. What is added to the weight is <paramref name="plus"/>.</summary>
    public static void LayerNorm(RowBuffer x, int rows, RowBuffer weight, RowBuffer bias, double epsilon, RowBuffer to, float plus = 0)
    {
        var count = Pieces(x, rows, weight, to);
        if (bias.Width != weight.Width)
            throw KernelErrors.Of(Norms, $"a weight of {weight.Width} and a bias of {bias.Width}");
        LayerNormKernel.Run(
            x.Of(Norms, "x", rows), weight.Of(Norms, "weight", 1), bias.Of(Norms, "bias", 1), epsilon, plus, count, weight.Width,
            to.Of(Norms, "the result", rows));
        to.Check();
    }

    /// <summary>silu(gate) · up, into gate.</summary>
    public static void SiluMul(RowBuffer gate, RowBuffer up, int rows) => GatedUnit<GatedUnit<SiluGate>>(gate, up, rows);

    /// <summary>gelu(gate) · up, into gate.</summary>
    public static void GeluMul(RowBuffer gate, RowBuffer up, int rows) => GatedUnit<GatedUnit<GeluGate>>(gate, up, rows);

    /// <summary>sigmoid(gate) · up, into gate.</summary>
    public static void SigmoidMul(RowBuffer gate, RowBuffer up, int rows) => GatedUnit<GatedUnit<SigmoidGate>>(gate, up, rows);

    /// <summary>The gated unit of GPT-OSS (<see cref="ClampedUnit"/>), into gate.</summary>
    public static void ClampedSiluMul(RowBuffer gate, RowBuffer up, int rows, double limit) =>
        GatedUnit<ClampedUnit>(gate, up, rows, limit);

    private static void GatedUnit<TU>(RowBuffer gate, RowBuffer up, int rows, double limit = double.PositiveInfinity)
        where TU : struct, IGatedUnit
    {
        if (gate.Width != up.Width)
            throw KernelErrors.Of(Units, $"gates of {gate.Width} and values of {up.Width}");
        var y = gate.Of(Units, "gate", rows);
        GatedUnitKernel<TU>.Run(y, up.Of(Units, "up", rows), rows * gate.Width, y, limit);
        gate.Check();
    }

    /// <summary>gelu(x) in its tanh form, into x.</summary>
    public static void Gelu(RowBuffer x, int rows) => Unit<SigmoidUnit<GeluGate>>(x, rows);

    /// <summary>max(x, 0)², into x.</summary>
    public static void SquaredRelu(RowBuffer x, int rows) => Unit<SquaredReluUnit>(x, rows);

    private static void Unit<TU>(RowBuffer x, int rows) where TU : struct, IUnit
    {
        var y = x.Of(Units, "x", rows);
        UnitKernel<TU>.Run(y, rows * x.Width, y);
        x.Check();
    }

    /// <summary>x · scale of the first rows, into x.</summary>
    public static void Scale(RowBuffer x, int rows, double scale)
    {
        var y = x.Of(Units, "x", rows);
        for (var i = 0L; i < rows * x.Width; i++)
            y[i] *= (float)scale;
    }

    /// <summary>Adds scale · x of the first rows to what is there.</summary>
    public static void AddScaled(RowBuffer x, int rows, double scale, RowBuffer to)
    {
        if (x.Width != to.Width)
            throw KernelErrors.Of(Units, $"rows of {x.Width} to rows of {to.Width}");
        float* from = x.Of(Units, "x", rows), y = to.Of(Units, "the result", rows);
        for (var i = 0L; i < rows * x.Width; i++)
            y[i] += (float)scale * from[i];
    }

    /// <summary>cap · tanh(x · scale / cap) of the first rows, into x.</summary>
    public static void Cap(RowBuffer x, int rows, double scale, double cap) =>
        AttentionRows.Cap(x.Of(Units, "x", rows), rows * x.Width, (float)scale, (float)cap);

    /// <summary>Turns the heads of each row, where they lie, by the row of cos and sin of its position.</summary>
    /// <param name="x">Rows of heads of <paramref name="headDim"/>.</param>
    /// <param name="headDim">Entries of a head.</param>
    /// <param name="cos">Of each row, half as many as turn.</param>
    /// <param name="sin">The same.</param>
    /// <param name="rows">How many.</param>
    public static void Rotate(RowBuffer x, int headDim, RowBuffer cos, RowBuffer sin, int rows)
    {
        if (headDim <= 0 || x.Width % headDim != 0 || cos.Width != sin.Width || 2 * cos.Width > headDim)
            throw KernelErrors.Of(Turn, $"rows of {x.Width}, heads of {headDim}, tables of {cos.Width} and {sin.Width}");
        RotateKernel.Run(
            x.Of(Turn, "x", rows), cos.Of(Turn, "cos", rows), sin.Of(Turn, "sin", rows), rows, x.Width / headDim, headDim, cos.Width);
        x.Check();
    }

    /// <summary>
    /// Attention of one query a row over the positions of its sequence up to its own, which are in the cache already; grouped by the
    /// heads of the cache.
    /// </summary>
    /// <param name="q">Rows of query heads.</param>
    /// <param name="keys">A row a position, block after block, <paramref name="block"/> each; of key heads.</param>
    /// <param name="values">The same of values.</param>
    /// <param name="block">Positions of a block.</param>
    /// <param name="table">
    /// Of each row the blocks of its sequence, in the order of its positions; the same number for each row, of which only those up to its
    /// position count. One block a row is a sequence that lies in one piece.
    /// </param>
    /// <param name="positions">Of each row its position.</param>
    /// <param name="headDim">Entries of a head.</param>
    /// <param name="window">Keys that a query sees, its own included, or null for all.</param>
    /// <param name="to">Rows like q.</param>
    /// <param name="scale">What scores are multiplied by; null is 1 / √headDim.</param>
    /// <param name="cap">c in c · tanh(score / c), which scaled scores pass; null for none.</param>
    /// <param name="sinks">A logit of each query head that takes part in the softmax and has no value, a row; null for none.</param>
    public static void Attend(
        RowBuffer q, RowBuffer keys, RowBuffer values, int block, ReadOnlySpan<int> table, ReadOnlySpan<int> positions, int headDim,
        long? window, RowBuffer to, double? scale = null, double? cap = null, RowBuffer? sinks = null)
    {
        var rows = positions.Length;
        if (block <= 0 || rows > 0 && table.Length % rows != 0 || headDim <= 0 || q.Width % headDim != 0 || keys.Width % headDim != 0
            || keys.Width == 0 || q.Width % keys.Width != 0 || values.Width != keys.Width || values.Rows != keys.Rows
            || to.Width != q.Width || window <= 0)
            throw KernelErrors.Of(
                Attention,
                $"a table of {table.Length} blocks of {block} and {rows} positions, queries of {q.Width}, keys of {keys.Width}, values of "
                    + $"{values.Width} and heads of {headDim}");
        if (sinks is not null && sinks.Width != q.Width / headDim)
            throw KernelErrors.Of(Attention, $"{sinks.Width} sinks of {q.Width / headDim} heads");
        var (longest, step) = (0, rows == 0 ? 0 : table.Length / rows);
        for (var row = 0; row < rows; row++)
        {
            var last = positions[row] / block;
            if (positions[row] < 0 || last >= step || !AreWithin(table.Slice(row * step, last + 1), keys.Rows / block))
                throw KernelErrors.Of(
                    Attention,
                    $"row {row} is position {positions[row]} of sequence {(step == 0 ? "none" : table[row * step])}, there are {block} in "
                        + $"each of {step} blocks of {keys.Rows / block}");
            longest = Math.Max(longest, positions[row] + 1);
        }
        fixed (int* ofTable = table, ofPositions = positions)
        {
            var job = new RowAttentionKernel.Job
            {
                Queries = q.Of(Attention, "q", rows),
                Keys = keys.Of(Attention, "keys", keys.Rows),
                Values = values.Of(Attention, "values", keys.Rows),
                Y = to.Of(Attention, "the result", rows),
                Sinks = sinks is null ? null : sinks.Of(Attention, "sinks", 1),
                Table = ofTable,
                Positions = ofPositions,
                Rows = rows,
                N = q.Width / headDim,
                K = keys.Width / headDim,
                H = headDim,
                Block = block,
                TableStep = step,
                Window = window ?? long.MaxValue,
                Longest = longest,
                QueryStep = q.Width,
                YStep = to.Width,
                Scale = (float)(scale ?? 1 / Math.Sqrt(headDim)),
                Cap = (float)(cap ?? 0),
            };
            RowAttentionKernel.Run(ref job);
        }
        to.Check();
    }

    private static bool AreWithin(ReadOnlySpan<int> blocks, long count)
    {
        foreach (var block in blocks)
            if ((uint)block >= count)
                return false;
        return true;
    }

    private static RowProductJob.Part Part(in MatrixProduct<RowBuffer> product, WeightFormat format, RowBuffer x, int rows)
    {
        var (weight, bias, to) = (product.Weight, product.Bias, product.To!);
        weight.ThrowIfDisposed();
        if (to == x || weight.Format != format || weight.Columns != x.Width || to.Width != weight.Rows
            || (bias is not null && bias.Width != weight.Rows))
            throw KernelErrors.Of(
                Products,
                $"{weight.Format} weights [{weight.Rows}, {weight.Columns}] of rows of {x.Width} into rows of {to.Width}, which must "
                    + $"lie elsewhere{(bias is null ? "" : $", bias {bias.Width}")}");
        return new()
        {
            Weights = weight.Data,
            Scales = weight.Scales,
            Bias = bias is null ? null : bias.Of(Products, "bias", 1),
            Y = to.Of(Products, "the result", rows),
            N = weight.Rows,
            YStep = to.Width,
        };
    }

    private static long Pieces(RowBuffer x, int rows, RowBuffer weight, RowBuffer to) =>
        weight.Width > 0 && x.Width % weight.Width == 0 && to.Width == x.Width
            ? rows * (x.Width / weight.Width)
            : throw KernelErrors.Of(Norms, $"rows of {x.Width}, a weight of {weight.Width} and results of {to.Width}");
}

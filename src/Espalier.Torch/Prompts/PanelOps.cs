using Espalier.Torch.Kernels;
using Espalier.Torch.Kernels.Prompts;

namespace Espalier.Torch;

/// <summary>
/// What a prompt asks of a decoder: <see cref="RowOps"/> on many positions at once, which lie in the lanes of vectors. No sum runs across
/// lanes, weights, keys and values are read as they lie, and what one gives the next reads. Forward only, float32. A position's results
/// have the same bits whatever positions are beside it and whatever the number of threads.
/// </summary>
internal static unsafe class PanelOps
{
    private const string Products = "panel products", Turn = "panel rotation", Attention = "panel attention", Norms = "panel norm",
        Rows = "panels of rows";

    /// <summary>Rows into panels; what the last panel has beyond them is zero.</summary>
    public static void FromRows(RowBuffer rows, int first, int positions, PanelBuffer to)
    {
        if (rows.Width != to.Channels)
            throw KernelErrors.Of(Rows, $"rows of {rows.Width} into panels of {to.Channels}");
        ArgumentOutOfRangeException.ThrowIfNegative(first);
        PanelTurnKernel.FromRows(
            rows.Of(Rows, "the rows", (long)first + positions) + first * rows.Width, rows.Width, positions, rows.Width,
            to.Of(Rows, "the panels", positions));
        to.Memory.Check();
    }

    /// <summary>Panels into rows, from the row <paramref name="first"/> on.</summary>
    public static void ToRows(PanelBuffer panels, int positions, RowBuffer to, int first)
    {
        if (to.Width != panels.Channels)
            throw KernelErrors.Of(Rows, $"panels of {panels.Channels} into rows of {to.Width}");
        ArgumentOutOfRangeException.ThrowIfNegative(first);
        var rows = to.Of(Rows, "the rows", (long)first + positions) + first * to.Width;
        PanelTurnKernel.ToRows(panels.Of(Rows, "the panels", positions), positions, to.Width, rows, to.Width);
        to.Check();
    }

    /// <summary>W x + b of the first positions, for one to three matrices of one format in one pass over the threads.</summary>
    /// <param name="x">K channels.</param>
    /// <param name="positions">How many.</param>
    /// <param name="adds">Whether results are added to what is there.</param>
    /// <param name="products">The matrices and where their results go.</param>
    public static void Product(PanelBuffer x, int positions, bool adds, params ReadOnlySpan<MatrixProduct<PanelBuffer>> products)
    {
        if (products.Length is 0 or > PanelProductJob.Most)
            throw KernelErrors.Of(Products, $"{products.Length} matrices at once; 1 to {PanelProductJob.Most}");
        var job = JobOf(x, positions, products[0].Weight.Format);
        job.Adds = adds;
        job.A = Part(products[0], job.Format, x, positions, products[0].To);
        if (products.Length > 1)
            job.B = Part(products[1], job.Format, x, positions, products[1].To);
        if (products.Length > 2)
            job.C = Part(products[2], job.Format, x, positions, products[2].To);
        PanelProductKernel.Run(ref job);
        foreach (var product in products)
            product.To!.Memory.Check();
    }

    /// <summary>silu(gate) · up of two products of one size, into the gate's result; those of up are never written.</summary>
    public static void SiluMul(PanelBuffer x, int positions, MatrixProduct<PanelBuffer> gate, MatrixProduct<PanelBuffer> up) =>
        GatedUnit(x, positions, gate, up, PanelProductJob.Unit.Silu);

    /// <summary>gelu(gate) · up, the same.</summary>
    public static void GeluMul(PanelBuffer x, int positions, MatrixProduct<PanelBuffer> gate, MatrixProduct<PanelBuffer> up) =>
        GatedUnit(x, positions, gate, up, PanelProductJob.Unit.Gelu);

    /// <summary>The root-mean-square norm of each <paramref name="weight"/>'s width of channels; <paramref name="to"/> may be x.</summary>
    public static void RmsNorm(PanelBuffer x, int positions, RowBuffer weight, double epsilon, PanelBuffer to)
    {
        Check(x, weight, to);
        PanelNormKernel.Rms(
            x.Of(Norms, "x", positions), weight.Of(Norms, "weight", 1), epsilon, PanelBuffer.PanelsOf(positions), x.Channels, weight.Width,
            to.Of(Norms, "the result", positions));
        to.Memory.Check();
    }

    /// <summary>The layer norm; <paramref name="to"/> may be x. What is added to the weight is <paramref name="plus"/>.</summary>
    public static void LayerNorm(
        PanelBuffer x, int positions, RowBuffer weight, RowBuffer bias, double epsilon, PanelBuffer to, float plus = 0)
    {
        Check(x, weight, to);
        if (bias.Width != weight.Width)
            throw KernelErrors.Of(Norms, $"a weight of {weight.Width} and a bias of {bias.Width}");
        PanelNormKernel.Layer(
            x.Of(Norms, "x", positions), weight.Of(Norms, "weight", 1), bias.Of(Norms, "bias", 1), epsilon, plus,
            PanelBuffer.PanelsOf(positions), x.Channels, weight.Width, to.Of(Norms, "the result", positions));
        to.Memory.Check();
    }

    /// <summary>Turns the heads of each position, where they lie, by its cos and sin.</summary>
    /// <param name="x">Heads of <paramref name="headDim"/>.</param>
    /// <param name="headDim">Entries of a head.</param>
    /// <param name="cos">Of each position, half as many as turn.</param>
    /// <param name="sin">The same.</param>
    /// <param name="positions">How many.</param>
    public static void Rotate(PanelBuffer x, int headDim, PanelBuffer cos, PanelBuffer sin, int positions)
    {
        if (headDim <= 0 || x.Channels % headDim != 0 || cos.Channels != sin.Channels || 2 * cos.Channels > headDim)
            throw KernelErrors.Of(Turn, $"{x.Channels} channels, heads of {headDim}, tables of {cos.Channels} and {sin.Channels}");
        PanelRotateKernel.Run(
            x.Of(Turn, "x", positions), cos.Of(Turn, "cos", positions), sin.Of(Turn, "sin", positions), PanelBuffer.PanelsOf(positions),
            x.Channels / headDim, headDim, cos.Channels);
        x.Memory.Check();
    }

    /// <summary>
    /// Attention of neighbours in a sequence over its positions up to their own, which are in the cache already; grouped by the heads of
    /// the cache.
    /// </summary>
    /// <param name="q">Query heads.</param>
    /// <param name="positions">How many queries.</param>
    /// <param name="keys">A row a position, of key heads.</param>
    /// <param name="values">The same of values.</param>
    /// <param name="begin">The row of the sequence's position 0.</param>
    /// <param name="first">The position of the first query.</param>
    /// <param name="headDim">Entries of a head.</param>
    /// <param name="window">Keys that a query sees, its own included, or null for all.</param>
    /// <param name="to">Channels like q.</param>
    /// <param name="scale">What scores are multiplied by; null is 1 / √headDim.</param>
    /// <param name="cap">c in c · tanh(score / c), which scaled scores pass; null for none.</param>
    public static void Attend(
        PanelBuffer q, int positions, RowBuffer keys, RowBuffer values, int begin, int first, int headDim, long? window, PanelBuffer to,
        double? scale = null, double? cap = null)
    {
        if (headDim <= 0 || q.Channels % headDim != 0 || keys.Width % headDim != 0 || keys.Width == 0 || q.Channels % keys.Width != 0
            || values.Width != keys.Width || values.Rows != keys.Rows || to.Channels != q.Channels || window <= 0 || begin < 0 || first < 0
            || to == q)
            throw KernelErrors.Of(
                Attention,
                $"queries of {q.Channels} from {first} on, keys of {keys.Width} and values of {values.Width} from row {begin} on, heads of "
                    + $"{headDim}, a window of {window} and results of {to.Channels}, which must lie elsewhere");
        var rows = begin + (long)first + positions;
        var job = new PanelAttentionKernel.Job
        {
            Queries = q.Of(Attention, "q", positions),
            Keys = keys.Of(Attention, "keys", rows) + begin * keys.Width,
            Values = values.Of(Attention, "values", rows) + begin * keys.Width,
            Y = to.Of(Attention, "the result", positions),
            First = first,
            Count = positions,
            N = q.Channels / headDim,
            K = keys.Width / headDim,
            H = headDim,
            Window = Math.Min(window ?? long.MaxValue, first + (long)positions),
            Scale = (float)(scale ?? 1 / Math.Sqrt(headDim)),
            Cap = (float)(cap ?? 0),
        };
        PanelAttentionKernel.Run(ref job);
        to.Memory.Check();
    }

    private static void GatedUnit(
        PanelBuffer x, int positions, MatrixProduct<PanelBuffer> gate, MatrixProduct<PanelBuffer> up, PanelProductJob.Unit units)
    {
        if (gate.Weight.Rows != up.Weight.Rows)
            throw KernelErrors.Of(Products, $"gates of {gate.Weight.Rows} and values of {up.Weight.Rows}");
        var job = JobOf(x, positions, gate.Weight.Format);
        job.Units = units;
        job.A = Part(gate, job.Format, x, positions, gate.To);
        job.B = Part(up, job.Format, x, positions, gate.To);
        PanelProductKernel.Run(ref job);
        gate.To!.Memory.Check();
    }

    private static PanelProductJob JobOf(PanelBuffer x, int positions, WeightFormat format) => new()
    {
        X = x.Of(Products, "x", positions),
        Panels = PanelBuffer.PanelsOf(positions),
        K = x.Channels,
        Format = format,
    };

    private static PanelProductJob.Part Part(
        in MatrixProduct<PanelBuffer> product, WeightFormat format, PanelBuffer x, int positions, PanelBuffer? to)
    {
        var (weight, bias) = (product.Weight, product.Bias);
        weight.ThrowIfDisposed();
        if (to is null || to == x || weight.Format != format || weight.Columns != x.Channels || to.Channels != weight.Rows
            || (bias is not null && bias.Width != weight.Rows))
            throw KernelErrors.Of(
                Products,
                $"{weight.Format} weights [{weight.Rows}, {weight.Columns}] of {x.Channels} channels into {to?.Channels}, which must lie "
                    + $"elsewhere{(bias is null ? "" : $", bias {bias.Width}")}");
        return new()
        {
            Weights = weight.Data,
            Scales = weight.Scales,
            Bias = bias is null ? null : bias.Of(Products, "bias", 1),
            Y = to.Of(Products, "the result", positions),
            N = weight.Rows,
        };
    }

    private static void Check(PanelBuffer x, RowBuffer weight, PanelBuffer to)
    {
        if (weight.Width <= 0 || x.Channels % weight.Width != 0 || to.Channels != x.Channels)
            throw KernelErrors.Of(Norms, $"{x.Channels} channels, a weight of {weight.Width} and results of {to.Channels}");
    }
}

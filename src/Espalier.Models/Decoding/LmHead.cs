namespace Espalier.Models;

// Shapes: N positions, C positions of a chunk, D model width, V vocabulary, P parts of a loss.

/// <summary>
/// The loss of a chunk of positions start ≤ i &lt; end: of each, [C] or [P, C], and d(their weighted sum)/d(logits), for which the logits
/// may be overwritten. Called without gradient recording, inside a scope of the chunk.
/// </summary>
public delegate (Tensor Losses_PC, Tensor Slope_CV) ChunkLoss(Tensor logits_CV, long start, long end);

/// <summary>
/// The end of a language model: the matrix onto the vocabulary, and all that is read out of logits, a chunk of positions at a time, so
/// that tokens × vocabulary never exist at once. What a family does to its logits, such as a scale or a soft cap, belongs here. Owns
/// nothing: the matrix stays the model's.
/// </summary>
/// <param name="weight">The matrix, with a row an entry of the vocabulary, D wide.</param>
/// <param name="compute">What products are computed in while training.</param>
/// <param name="vocabulary">How many entries count, the first ones; null all.</param>
public sealed class LmHead(Tensor weight, ComputeType compute = ComputeType.Float32, long? vocabulary = null)
{
    /// <summary>What logits are divided by.</summary>
    public double Divisor { get; init; } = 1;

    /// <summary>c in c · tanh(logit / c), which logits pass last; null for none.</summary>
    public double? Cap { get; init; }

    /// <summary>
    /// Bytes of float32 logits of student and teacher together: what stays near the cache, and what a chunk may take at most for the
    /// products' sake.
    /// </summary>
    private const long NearBytes = 16L << 20, MostBytes = 128L << 20;

    /// <summary>The same on other devices than the processor, whose calls want much work.</summary>
    private const long FarBytes = 1L << 30;

    /// <summary>
    /// Positions below which products are slow: every chunk packs both heads and goes through the whole gradient of the student's.
    /// </summary>
    private const long EnoughPositions = 256;

    /// <summary>The same if only logits are needed: then only the head is packed.</summary>
    private const long EnoughForward = 128;

    /// <summary>What products are computed in while training.</summary>
    internal ComputeType Compute => compute;

    /// <summary>The matrix, whole.</summary>
    public Tensor Weight => weight;

    /// <summary>V, the entries that count.</summary>
    public long Vocabulary { get; } = vocabulary ?? weight.Size(0);

    /// <summary>The head over the first entries alone, at most those of this one; gradients reach their rows of the same matrix.</summary>
    public LmHead First(long entries) => entries == Vocabulary ? this : Over(weight, entries);

    /// <summary>The same without gradients, by a handle of the caller's scope.</summary>
    public LmHead Detach() => Over(weight.Detach(), Vocabulary);

    /// <summary>Logits in the weights' own type, [..., D] to [..., V]; gradient flows to hidden states and matrix.</summary>
    public Tensor Logits(Tensor hidden) => Shaped(hidden.Linear(Cut(weight)));

    /// <summary>Logits as training computes them, in bfloat16 where its products are, [C, D] to [C, V].</summary>
    public Tensor TrainingLogits(Tensor hidden_CD) => Shaped(compute.Operand(hidden_CD).Linear(Factor()));

    /// <summary>
    /// The same in memory that serves chunk after chunk, <paramref name="room_CV"/>: made with the first one, and with one that has more
    /// positions, in no scope; what a chunk got is overwritten by the next. Where products cannot write there, it stays null.
    /// </summary>
    internal Tensor TrainingLogits(Tensor hidden_CD, ref Tensor? room_CV) =>
        Product(compute.Operand(hidden_CD), Factor(), ref room_CV) is { } logits_CV ? logits_CV : TrainingLogits(hidden_CD);

    /// <summary>Whether logits can be in such memory.</summary>
    internal bool MakesRoom(Tensor operand_CD, Tensor factor_VD) => Divisor == 1 && Cap is null && operand_CD.WritesProducts(factor_VD);

    /// <summary>Logits of an operand, [C, V], in that memory, or null where they cannot be there.</summary>
    internal Tensor? Product(Tensor operand_CD, Tensor factor_VD, ref Tensor? room_CV)
    {
        if (!MakesRoom(operand_CD, factor_VD))
            return null;
        var positions = operand_CD.Size(0);
        if (room_CV is not null && room_CV.Size(0) < positions)
        {
            ProductOperators.LetRoomGo(room_CV);
            room_CV = null;
        }
        room_CV ??= ProductOperators.RoomFor(positions, Vocabulary).Unscoped();
        return operand_CD.LinearInto(factor_VD, room_CV.Slice(0, 0, positions));
    }

    /// <summary>
    /// Into how many parts a chunk of so many positions is cut where logits alone are wanted and go into memory that serves again: each has
    /// enough positions for a product that packs the matrix once more, and takes that much less of the memory.
    /// </summary>
    internal int PartsOf(Tensor hidden_ND, long positions) =>
        4 * Vocabulary * positions > NearBytes && compute == ComputeType.Float32 && MakesRoom(hidden_ND, weight)
            ? (int)((positions + EnoughForward - 1) / EnoughForward) : 1;

    /// <summary>
    /// Does something with positions 0 ≤ i &lt; <paramref name="positions"/>, start and end of a chunk at a time, each in a scope of its
    /// own. A chunk has what <see cref="NearBytes"/> hold, or <see cref="EnoughPositions"/> where that is more and <see cref="MostBytes"/>
    /// hold them; a multiple of 16 from 16 to 4,096.
    /// </summary>
    /// <param name="positions">How many positions.</param>
    /// <param name="act">Given the chunk's first position and the one after its last.</param>
    /// <param name="chunk">Positions a chunk; 0 chooses.</param>
    public void Each(long positions, Action<long, long> act, int chunk = 0)
    {
        var bytes = 8 * Vocabulary;
        var most = chunk > 0 ? chunk
            : weight.Device != Device.Cpu ? Math.Max(16, FarBytes / bytes / 16 * 16)
            : Math.Clamp(Math.Max(NearBytes / bytes, Math.Min(EnoughPositions, MostBytes / bytes)) / 16 * 16, 16, 4096);
        for (var start = 0L; start < positions; start += most)
        {
            using var scope = TensorScope.Begin();
            act(start, Math.Min(positions, start + most));
        }
    }

    /// <summary>−log q[target] of each position, [N], in the type of the hidden states; without gradients.</summary>
    public Tensor Nll(Tensor hidden_ND, Tensor targets_N)
    {
        using var noGrad = GradMode.Disable();
        targets_N = targets_N.On(weight.Device);
        var nll_N = Tensor.Empty(hidden_ND.DType, hidden_ND.Device, hidden_ND.Size(0));
        Each(hidden_ND.Size(0), (start, end) => nll_N.Slice(0, start, end).CopyInPlace(
            Logits(hidden_ND.Slice(0, start, end)).TokenNll(targets_N.Slice(0, start, end))));
        return nll_N;
    }

    /// <summary>−log q[target] and the entropy of q at each position, [N] in float64; without gradients.</summary>
    public (Tensor Nll_N, Tensor Entropy_N) NllAndEntropy(Tensor hidden_ND, Tensor targets_N)
    {
        using var noGrad = GradMode.Disable();
        var N = hidden_ND.Size(0);
        targets_N = targets_N.On(weight.Device);
        var (nll_N, entropy_N) = (Tensor.Empty(DType.Float64, hidden_ND.Device, N), Tensor.Empty(DType.Float64, hidden_ND.Device, N));
        Each(N, (start, end) =>
        {
            var logQ_CV = Logits(hidden_ND.Slice(0, start, end)).LogSoftmax(-1);
            nll_N.Slice(0, start, end).CopyInPlace(logQ_CV.Gather(-1, targets_N.Slice(0, start, end).Unsqueeze(-1)).Squeeze(-1).Neg());
            entropy_N.Slice(0, start, end).CopyInPlace(logQ_CV.Exp().Mul(logQ_CV).Sum([-1], keep: false, DType.Float64).Neg());
        });
        return (nll_N, entropy_N);
    }

    /// <summary>
    /// Summed losses of all positions (float64), a part each, and scale · d(weighted sum)/d(hidden), [N, D]. scale · d(weighted
    /// sum)/d(matrix) is added to the matrix's gradient where it wants one; where a loss throws that gradient is NaN, so that nothing
    /// goes on with half of it.
    /// </summary>
    /// <param name="hidden_ND">Hidden states before the head, cut off from the graph.</param>
    /// <param name="parts">P.</param>
    /// <param name="scale">Multiplies the gradients, not the sums: 1 / (tokens of the whole step).</param>
    /// <param name="loss">The loss of a chunk and its gradient.</param>
    /// <param name="chunk">Positions a chunk; 0 chooses.</param>
    public (double[] Sums, Tensor HiddenGradient) Backward(Tensor hidden_ND, int parts, double scale, ChunkLoss loss, int chunk = 0)
    {
        var sums = new double[parts];
        return (sums, Backward(hidden_ND, sums, scale, loss, chunk, reuse: false));
    }

    /// <summary>
    /// The same, with the sums into <paramref name="sums"/>; with <paramref name="reuse"/> of a loss that holds on to no tensor of its
    /// chunks, whose objects serve again.
    /// </summary>
    internal Tensor Backward(Tensor hidden_ND, Span<double> sums, double scale, ChunkLoss loss, int chunk, bool reuse)
    {
        using var noGrad = GradMode.Disable();
        using var scope = reuse ? TensorScope.BeginReusing() : TensorScope.Begin();
        // First of all: what is made here would lie where the last step's gradient lay, and leave a hole too small for this one's.
        if (weight.RequiresGrad)
            HeadGradient.MakeRoom(weight, compute);
        var (operand_ND, factor_VD) = (compute.Operand(hidden_ND), Factor());
        var gradient_ND = scope.Keep(hidden_ND.EmptyLike());
        var sums_P = Tensor.Zeros(DType.Float64, hidden_ND.Device, sums.Length);
        var backward = HeadBackward.Begin(new(this, compute, loss, operand_ND, factor_VD, gradient_ND, sums_P,
            weight.RequiresGrad ? scale / Divisor : null, reuse));
        try
        {
            Each(hidden_ND.Size(0), backward.Chunk, chunk);
            backward.Complete();
        }
        catch
        {
            backward.Spoil();
            throw;
        }
        finally
        {
            backward.End();
        }
        gradient_ND.MulInPlace(scale / Divisor);
        sums_P.CopyTo(sums);
        return gradient_ND;
    }

    // What a family does to its logits.
    internal Tensor Shaped(Tensor logits) =>
        (Divisor == 1 ? logits : logits.Div(Divisor)) is var divided && Cap is { } cap ? divided.Capped(cap) : divided;

    private LmHead Over(Tensor matrix, long entries) => new(matrix, compute, entries) { Divisor = Divisor, Cap = Cap };

    private Tensor Factor() => Cut(compute == ComputeType.Bfloat16 ? weight.InBfloat16() : weight);

    private Tensor Cut(Tensor whole) => Vocabulary == whole.Size(0) ? whole : whole.Slice(0, 0, Vocabulary);
}

using Espalier.Models;
using Espalier.Torch;

namespace Espalier.Compression.Distillation;

// Shapes: N positions, C positions of a chunk, D student width, V vocabulary, P parts of the loss.

/// <summary>What <see cref="ChunkedHead.Backward"/> found.</summary>
/// <param name="Sum">Summed loss of all positions, each part times its weight.</param>
/// <param name="Parts">Summed parts before their weights, in the order of <see cref="LogitLoss.Parts"/>.</param>
/// <param name="HiddenGradient">scale · d(sum)/d(hidden), [N, D].</param>
public sealed record HeadResult(double Sum, double[] Parts, Tensor HiddenGradient);

/// <summary>
/// The head and its loss, a chunk of positions at a time with the gradient made in the forward: memory is flat in tokens, and any
/// <see cref="LogitLoss"/> runs through this one mechanism.
/// </summary>
public static class ChunkedHead
{
    /// <summary>
    /// Bytes of float32 logits of student and teacher together: what stays near the cache, and what a chunk may take at most for the
    /// products' sake.
    /// </summary>
    private const long NearBytes = 16L << 20, MostBytes = 128L << 20;

    /// <summary>
    /// Positions below which products are slow: every chunk packs both heads and goes through the whole gradient of the student's.
    /// </summary>
    private const long EnoughPositions = 256;

    /// <summary>
    /// Positions a chunk: what <see cref="NearBytes"/> hold, or <see cref="EnoughPositions"/> where that is more and <see
    /// cref="MostBytes"/> hold them; a multiple of 16 from 16 to 4,096.
    /// </summary>
    public static int ChunkSize(long vocabulary)
    {
        var bytes = 8 * vocabulary;
        return (int)Math.Clamp(Math.Max(NearBytes / bytes, Math.Min(EnoughPositions, MostBytes / bytes)) / 16 * 16, 16, 4096);
    }

    /// <summary>
    /// The summed loss of all positions (float64 accumulation), and its gradient: scale · d(sum)/d(hidden) is returned, and
    /// scale · d(sum)/d(head) is added to the head's accumulated gradient where the head wants one.
    /// </summary>
    /// <param name="hidden_ND">Student hidden states before the head, cut off from the graph.</param>
    /// <param name="head">The head's matrix, [V, D].</param>
    /// <param name="targets_N">Next ids, Int64.</param>
    /// <param name="teacher">
    /// Null where the loss needs none. Where its vocabulary has another size than the student's, what only one of them has is padding and
    /// gets no probability on either side.
    /// </param>
    /// <param name="loss">The loss.</param>
    /// <param name="scale">Multiplies the gradients, not the sum: 1 / (tokens of the whole step).</param>
    /// <param name="compute">What matrix products are computed in.</param>
    /// <param name="chunk">Positions a chunk; 0 chooses.</param>
    public static HeadResult Backward(
        Tensor hidden_ND, Tensor head, Tensor targets_N, TeacherSignal? teacher, LogitLoss loss, double scale,
        ComputeType compute = ComputeType.Float32, int chunk = 0)
    {
        using var noGrad = GradMode.Disable();
        using var scope = TensorScope.Begin();
        var (N, V) = (hidden_ND.Size(0), Math.Min(head.Size(0), teacher?.Vocabulary ?? long.MaxValue));
        chunk = chunk > 0 ? chunk : ChunkSize(V);

        var narrow = compute == ComputeType.Bfloat16;
        var whole_VD = narrow ? head.InBfloat16() : head;
        var weight_VD = V == head.Size(0) ? whole_VD : whole_VD.Slice(0, 0, V);
        var operand_ND = compute.Operand(hidden_ND);
        var gradient_ND = scope.Keep(hidden_ND.EmptyLike());
        using var headGradient = head.RequiresGrad ? new HeadGradient(head, V, scale, compute) : null;
        var sums_P = Tensor.Zeros(DType.Float64, hidden_ND.Device, loss.Parts.Count);
        for (var start = 0L; start < N; start += chunk)
        {
            using var inner = TensorScope.Begin();
            var end = Math.Min(N, start + chunk);
            var hidden_CD = operand_ND.Slice(0, start, end);
            var logits_CV = hidden_CD.Linear(weight_VD);
            var said = teacher?.At(start, end, V);
            if (narrow && !(loss.TakesBfloat16 && said is null or DenseChunk { Logits_CV.DType: DType.BFloat16 }))
                (logits_CV, said) = (logits_CV.Widened(), said is DenseChunk dense ? new DenseChunk(dense.Logits_CV.Widened()) : said);

            var losses_PC = loss.Compute(logits_CV, said, targets_N.Slice(0, start, end)).View(-1, end - start);
            sums_P.AddInPlace(losses_PC.Sum([-1], keep: false, DType.Float64));
            var slope_CV = compute.Operand(logits_CV);
            gradient_ND.Slice(0, start, end).CopyInPlace(slope_CV.MatMul(weight_VD));
            headGradient?.Add(slope_CV, hidden_CD);
        }
        headGradient?.Complete();
        gradient_ND.MulInPlace(scale);
        var parts = sums_P.ToArray<double>();
        return new(parts.Zip(loss.Parts, (sum, part) => sum * part.Weight).Sum(), parts, gradient_ND);
    }

    /// <summary>−log q[target] of each position, [N], without gradients: what evaluation sums.</summary>
    public static Tensor NegativeLogLikelihood(Tensor hidden_ND, Tensor head, Tensor targets_N, int chunk = 0)
    {
        using var noGrad = GradMode.Disable();
        using var scope = TensorScope.Begin();
        var N = hidden_ND.Size(0);
        chunk = chunk > 0 ? chunk : ChunkSize(head.Size(0));
        var nll_N = scope.Keep(Tensor.Empty(hidden_ND.DType, hidden_ND.Device, N));
        for (var start = 0L; start < N; start += chunk)
        {
            using var inner = TensorScope.Begin();
            var end = Math.Min(N, start + chunk);
            var logits_CV = hidden_ND.Slice(0, start, end).Linear(head);
            nll_N.Slice(0, start, end).CopyInPlace(logits_CV.TokenNll(targets_N.Slice(0, start, end)));
        }
        return nll_N;
    }
}

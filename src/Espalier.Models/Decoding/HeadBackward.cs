namespace Espalier.Models;

// Shapes: N positions, C positions of a chunk, D model width, V vocabulary, P parts of a loss.

/// <summary>
/// What <see cref="LmHead.Backward(Tensor, int, double, ChunkLoss, int)"/> does to a chunk, and what it gathers. An object serves one call
/// after the other of its thread.
/// </summary>
internal sealed class HeadBackward
{
    // One that is at work is not spare: a loss may go back through another head.
    [ThreadStatic] private static HeadBackward? s_spare;

    private readonly HeadGradient _gradient = new();
    private Work _work;
    private Tensor? _room_CV;

    private HeadBackward() => Chunk = Run;

    /// <summary>Goes through positions from the first to the one before the second.</summary>
    public Action<long, long> Chunk { get; }

    /// <summary>One for a call, which gives it back by <see cref="End"/>.</summary>
    public static HeadBackward Begin(in Work work)
    {
        var backward = s_spare ?? new();
        s_spare = null;
        backward._work = work;
        if (work.GradientScale is { } scale)
            backward._gradient.Begin(work.Head.Weight, work.Head.Vocabulary, scale, work.Compute);
        return backward;
    }

    /// <summary>All chunks are through: the matrix has its gradient.</summary>
    public void Complete()
    {
        if (_work.GradientScale is not null)
            _gradient.Complete();
    }

    /// <summary>Not all chunks are through: the matrix's gradient is NaN, which no step is made with.</summary>
    public void Spoil()
    {
        if (_work.GradientScale is not null)
            _gradient.Spoil();
    }

    /// <summary>Lets go of the call's tensors.</summary>
    public void End()
    {
        _gradient.End();
        if (_room_CV is not null)
            ProductOperators.LetRoomGo(_room_CV);
        (_work, _room_CV) = (default, null);
        s_spare = this;
    }

    private void Run(long start, long end)
    {
        var work = _work;
        var (head, factor_VD) = (work.Head, work.Factor_VD);
        var hidden_CD = work.Operand_ND.Slice(0, start, end);
        var logits_CV = (work.Reuses ? head.Product(hidden_CD, factor_VD, ref _room_CV) : null)
            ?? head.Shaped(hidden_CD.Linear(factor_VD));
        var cap_CV = head.Cap is { } cap ? logits_CV.CapSlope(cap) : null;
        var (losses_PC, found_CV) = work.Loss(logits_CV, start, end);
        if (cap_CV is not null)
            found_CV = found_CV.Mul(cap_CV);
        work.Sums_P.AddInPlace(losses_PC.View(-1, end - start).Sum([-1], keep: false, DType.Float64));
        var slope_CV = work.Compute.Operand(found_CV);
        work.Gradient_ND.Slice(0, start, end).CopyInPlace(slope_CV.MatMul(factor_VD));
        if (work.GradientScale is not null)
            _gradient.Add(slope_CV, hidden_CD);
    }

    /// <summary>What a call is about.</summary>
    /// <param name="Head">The head.</param>
    /// <param name="Compute">What its products are computed in.</param>
    /// <param name="Loss">The loss of a chunk.</param>
    /// <param name="Operand_ND">Hidden states in the type of the products.</param>
    /// <param name="Factor_VD">The matrix in the same.</param>
    /// <param name="Gradient_ND">Receives d(weighted sum)/d(hidden).</param>
    /// <param name="Sums_P">Sums of the parts are added here, in float64.</param>
    /// <param name="GradientScale">Multiplies the matrix's gradient; null where it wants none.</param>
    /// <param name="Reuses">Whether the loss holds on to no tensor of a chunk, so that the next may have its memory.</param>
    internal readonly record struct Work(
        LmHead Head, ComputeType Compute, ChunkLoss Loss, Tensor Operand_ND, Tensor Factor_VD, Tensor Gradient_ND, Tensor Sums_P,
        double? GradientScale, bool Reuses);
}

using Espalier.Torch.Kernels;

namespace Espalier.Torch;

/// <summary>
/// What training does with logits, gradients and weights, in place and without recording. Of float32 on the CPU by our kernels, else out of
/// libtorch's operators.
/// </summary>
public sealed partial class Tensor
{
    private bool IsFusedInOrder => IsForwardFused && IsContiguous;

    // Logits may be bfloat16: losses are computed in float32, a row at a time.
    private bool IsRowsOfLogits => IsFusedNarrow && IsContiguous;

    /// <summary>
    /// The losses −log q[target] of rows of logits [C, V], [C] in nats; the logits are overwritten with their gradient, q − onehot(target).
    /// </summary>
    public Tensor CrossEntropyInPlace(Tensor targets) =>
        IsRowsOfLogits ? LossKernels.CrossEntropy(this, targets) : CrossEntropyInPlaceByParts(targets);

    /// <summary>The same out of libtorch's operators.</summary>
    public Tensor CrossEntropyInPlaceByParts(Tensor targets)
    {
        using var noGrad = GradMode.Disable();
        var index_C1 = targets.Unsqueeze(-1);
        var logQ_CV = LogSoftmax(-1);
        var loss_C = logQ_CV.Gather(-1, index_C1).Squeeze(-1).Neg();
        CopyInPlace(logQ_CV);
        ExpInPlace();
        ScatterAddInPlace(-1, index_C1, Full(-1, DType, Device, targets.Size(0), 1));
        return loss_C;
    }

    /// <summary>
    /// The losses Σ p (log p − log q) of rows of student logits [C, V], [C] in nats, with p and q the softmax of teacher's and student's
    /// logits over the temperature; both are overwritten, the student's with their gradient, (q − p) / temperature.
    /// </summary>
    /// <param name="teacher">Teacher logits, [C, V].</param>
    /// <param name="temperature">Above 0.</param>
    /// <param name="withEntropy">Whether the teacher's own Σ p log p belongs to the loss; without it this is soft cross-entropy.</param>
    public Tensor DivergenceInPlace(Tensor teacher, double temperature, bool withEntropy = true) =>
        IsRowsOfLogits && teacher.IsRowsOfLogits && DType == teacher.DType
            ? LossKernels.Divergence(this, teacher, temperature, withEntropy)
            : DivergenceInPlaceByParts(teacher, temperature, withEntropy);

    /// <summary>The same out of libtorch's operators.</summary>
    public Tensor DivergenceInPlaceByParts(Tensor teacher, double temperature, bool withEntropy = true)
    {
        using var noGrad = GradMode.Disable();
        if (temperature != 1.0)
        {
            MulInPlace(1 / temperature);
            teacher.MulInPlace(1 / temperature);
        }
        var logP_CV = teacher.LogSoftmax(-1);
        var p_CV = logP_CV.Exp();
        var logQ_CV = LogSoftmax(-1);
        CopyInPlace(logQ_CV);
        ExpInPlace();
        SubInPlace(p_CV);
        if (temperature != 1.0)
            MulInPlace(1 / temperature);
        if (!withEntropy)
            logP_CV.ZeroInPlace();
        logP_CV.SubInPlace(logQ_CV);
        logP_CV.MulInPlace(p_CV);
        return logP_CV.MaskedFill(p_CV.LessOrEqual(0), 0).Sum([-1]);
    }

    /// <summary>scale · thisᵀ of a matrix, with its elements in order. No gradient.</summary>
    public Tensor Turned(double scale = 1)
    {
        using var noGrad = GradMode.Disable();
        return IsForwardFused || DType == DType.BFloat16 && IsOnCpu && scale == 1 ? TurnKernel.Turned(this, (float)scale)
            : TurnedByParts(scale);
    }

    /// <summary>The same out of libtorch's operators.</summary>
    public Tensor TurnedByParts(double scale = 1)
    {
        using var noGrad = GradMode.Disable();
        return scale == 1 ? Transpose(0, 1).Contiguous() : Transpose(0, 1).Mul(scale).Contiguous();
    }

    /// <summary>this + a · b, of matrices. No gradient.</summary>
    public Tensor PlusProduct(Tensor a, Tensor b)
    {
        using var noGrad = GradMode.Disable();
        if (Products.TrySum(this, a, b) is { } sum)
            return sum;
        var product = a.MatMul(b);
        product.AddInPlace(this);
        return product;
    }

    /// <summary>this += scale · xᵀ, of matrices.</summary>
    public void AddTurnedInPlace(Tensor x, double scale = 1)
    {
        using var noGrad = GradMode.Disable();
        if (IsFusedInOrder && x.IsForwardFused)
            TurnKernel.Add(this, x, (float)scale);
        else
            AddInPlace(x.Transpose(0, 1), scale);
    }

    /// <summary>
    /// One update of this weight by Adam with decoupled weight decay (arXiv 1711.05101), as PyTorch computes it: w ← w (1 − rate · decay),
    /// m and v with bias correction, w ← w − rate · m̂ / (√v̂ + ε).
    /// </summary>
    /// <param name="gradient">Its gradient; whether it is overwritten is left open.</param>
    /// <param name="first">m, overwritten.</param>
    /// <param name="second">v, overwritten.</param>
    /// <param name="step">The numbers.</param>
    /// <param name="measure">Whether to measure.</param>
    /// <returns>Σ (w after − w before)² and Σ (w before)²; zeros where nothing was measured.</returns>
    internal (double Moved, double Size) AdamWInPlace(Tensor gradient, Tensor first, Tensor second, AdamWStep step, bool measure = false) =>
        IsFusedInOrder && gradient.DType == DType.Float32 && first.IsFusedInOrder && second.IsFusedInOrder
            ? AdamWKernel.Update(this, gradient, first, second, step, measure)
            : AdamWInPlaceByParts(gradient, first, second, step, measure);

    /// <summary>The same from the accumulated gradient; without one nothing is done.</summary>
    /// <param name="first">m, overwritten.</param>
    /// <param name="second">v, overwritten.</param>
    /// <param name="step">The numbers.</param>
    /// <param name="measure">Whether to measure.</param>
    internal (double Moved, double Size) AdamWInPlace(Tensor first, Tensor second, AdamWStep step, bool measure = false)
    {
        ThrowIfDisposed();
        return _leaf?.Gradient is { } gradient ? AdamWInPlace(gradient, first, second, step, measure) : (0, 0);
    }

    /// <summary>The same out of libtorch's operators.</summary>
    internal (double Moved, double Size) AdamWInPlaceByParts(
        Tensor gradient, Tensor first, Tensor second, AdamWStep step, bool measure = false)
    {
        using var noGrad = GradMode.Disable();
        using var scope = TensorScope.Begin();
        var before = measure ? Clone() : null;
        if (step.Clip != 1)
            gradient.MulInPlace(step.Clip);
        if (step.Decay != 0)
            MulInPlace(1 - step.Rate * step.Decay);
        first.LerpInPlace(gradient, 1 - step.Beta1);
        second.MulInPlace(step.Beta2);
        second.AddcmulInPlace(gradient, gradient, 1 - step.Beta2);
        var denominator = second.Sqrt();
        denominator.MulInPlace(1 / step.Correction2);
        denominator.AddInPlace(step.Epsilon);
        AddcdivInPlace(first, denominator, -step.Rate / step.Correction1);
        return before is null ? (0, 0) : (Sub(before).SumOfSquares(), before.SumOfSquares());
    }

    /// <summary>
    /// The same for several weights from their accumulated gradients, in few calls, by libtorch's fused operator: for devices on which a
    /// call costs more than its work. All have a gradient, which is overwritten, and lie on one device.
    /// </summary>
    /// <param name="weights">The weights.</param>
    /// <param name="first">m of each, overwritten.</param>
    /// <param name="second">v of each, overwritten.</param>
    /// <param name="step">The numbers.</param>
    internal static void AdamWInPlace(Tensor[] weights, Tensor[] first, Tensor[] second, AdamWStep step)
    {
        using var noGrad = GradMode.Disable();
        using var scope = TensorScope.Begin();
        var device = weights[0].Device;
        var updates = new Tensor[weights.Length];
        Array.Fill(updates, Full(step.Update, DType.Float32, device));
        var divisor = step.Clip == 1 ? null : Full(1 / step.Clip, DType.Float32, device);
        Ops.FusedAdamW.CallVoid(
            weights, Array.ConvertAll(weights, weight => weight.Grad()!), first, second, Array.Empty<Tensor>(), updates, step.Rate,
            step.Beta1,
            step.Beta2, step.Decay, step.Epsilon, false, false, divisor, Argument.None);
    }

    /// <summary>
    /// √Σ g² over the accumulated gradients of several tensors of one device, of which each is summed in its own type; the device is waited
    /// for once.
    /// </summary>
    internal static double NormOfGrads(ReadOnlySpan<Tensor> tensors)
    {
        using var noGrad = GradMode.Disable();
        using var scope = TensorScope.Begin();
        var norms = new List<Tensor>(tensors.Length);
        foreach (var tensor in tensors)
            if (tensor.Grad() is { } gradient)
                norms.Add(gradient.Norm());
        return norms.Count == 0 ? 0 : Math.Sqrt(Stack(0, [.. norms]).SumOfSquares());
    }

    /// <summary>Σ x² in float64. No gradient.</summary>
    public double SumOfSquares()
    {
        if (IsForwardFused)
            return SquaresKernel.Sum(this);
        using var noGrad = GradMode.Disable();
        using var scope = TensorScope.Begin();
        return To(DType.Float64).Square().Sum().Item();
    }
}

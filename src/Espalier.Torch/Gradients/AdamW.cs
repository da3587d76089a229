using Espalier.Torch.Dispatch;
using Espalier.Torch.Kernels;
using Espalier.Torch.Kernels.Optimizers;
using Espalier.Torch.Operators;

namespace Espalier.Torch.Gradients;

/// <summary>
/// Updates of weights by their gradients, in place and without recording. Of float32 on the CPU by our kernel, else out of libtorch's
/// operators.
/// </summary>
internal static class AdamW
{
    /// <summary>
    /// One update of a weight by Adam with decoupled weight decay (arXiv 1711.05101), as PyTorch computes it: w ← w (1 − rate · decay),
    /// m and v with bias correction, w ← w − rate · m̂ / (√v̂ + ε).
    /// </summary>
    /// <param name="weight">The weight.</param>
    /// <param name="gradient">Its gradient; whether it is overwritten is left open.</param>
    /// <param name="first">m, overwritten.</param>
    /// <param name="second">v, overwritten.</param>
    /// <param name="step">The numbers.</param>
    /// <param name="measure">Whether to measure.</param>
    /// <returns>Σ (w after − w before)² and Σ (w before)²; zeros where nothing was measured.</returns>
    public static (double Moved, double Size) AdamWInPlace(
        this Tensor weight, Tensor gradient, Tensor first, Tensor second, AdamWStep step, bool measure = false) =>
        weight.IsFusedInOrder && gradient.DType == DType.Float32 && first.IsFusedInOrder && second.IsFusedInOrder
            ? AdamWKernel.Update(weight, gradient, first, second, step, measure)
            : weight.AdamWInPlaceByParts(gradient, first, second, step, measure);

    /// <summary>The same from the accumulated gradient; without one nothing is done.</summary>
    public static (double Moved, double Size) AdamWInPlace(
        this Tensor weight, Tensor first, Tensor second, AdamWStep step, bool measure = false)
    {
        weight.ThrowIfDisposed();
        return weight.Accumulated is { } gradient ? weight.AdamWInPlace(gradient, first, second, step, measure) : (0, 0);
    }

    /// <summary>The same out of libtorch's operators.</summary>
    public static (double Moved, double Size) AdamWInPlaceByParts(this Tensor weight,
        Tensor gradient, Tensor first, Tensor second, AdamWStep step, bool measure = false)
    {
        using var noGrad = GradMode.Disable();
        using var scope = TensorScope.Begin();
        var before = measure ? weight.Clone() : null;
        if (step.Clip != 1)
            gradient.MulInPlace(step.Clip);
        if (step.Decay != 0)
            weight.MulInPlace(1 - step.Rate * step.Decay);
        first.LerpInPlace(gradient, 1 - step.Beta1);
        second.MulInPlace(step.Beta2);
        second.AddInPlace(gradient.Square(), 1 - step.Beta2);
        var denominator = second.Sqrt();
        denominator.MulInPlace(1 / step.Correction2);
        denominator.AddInPlace(step.Epsilon);
        weight.AddInPlace(first.Div(denominator), -step.Rate / step.Correction1);
        return before is null ? (0, 0) : (weight.Sub(before).SumOfSquares(), before.SumOfSquares());
    }

    extension(Tensor)
    {
        /// <summary>
        /// The same for several weights from their accumulated gradients, in few calls, by libtorch's fused operator: for devices on which
        /// a call costs more than its work. All have a gradient, which is overwritten, and lie on one device.
        /// </summary>
        /// <param name="weights">The weights.</param>
        /// <param name="first">m of each, overwritten.</param>
        /// <param name="second">v of each, overwritten.</param>
        /// <param name="step">The numbers.</param>
        public static void AdamWInPlace(Tensor[] weights, Tensor[] first, Tensor[] second, AdamWStep step)
        {
            using var noGrad = GradMode.Disable();
            using var scope = TensorScope.Begin();
            var device = weights[0].Device;
            var updates = new Tensor[weights.Length];
            Array.Fill(updates, Tensor.Full(step.Update, DType.Float32, device));
            var divisor = step.Clip == 1 ? null : Tensor.Full(1 / step.Clip, DType.Float32, device);
            Ops.FusedAdamW.CallVoid(
                weights, Array.ConvertAll(weights, weight => weight.Grad()!), first, second, Array.Empty<Tensor>(), updates, step.Rate,
                step.Beta1, step.Beta2, step.Decay, step.Epsilon, false, false, divisor, Argument.None);
        }

        /// <summary>
        /// √Σ g² over the accumulated gradients of several tensors of one device, of which each is summed in its own type; the device is
        /// waited for once.
        /// </summary>
        public static double NormOfGrads(ReadOnlySpan<Tensor> tensors)
        {
            using var noGrad = GradMode.Disable();
            using var scope = TensorScope.Begin();
            var norms = new List<Tensor>(tensors.Length);
            foreach (var tensor in tensors)
                if (tensor.Grad() is { } gradient)
                    norms.Add(gradient.Norm());
            return norms.Count == 0 ? 0 : Math.Sqrt(Tensor.Stack(0, [.. norms]).SumOfSquares());
        }
    }
}

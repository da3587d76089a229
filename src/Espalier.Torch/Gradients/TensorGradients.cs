using Espalier.Torch.Operators;

namespace Espalier.Torch.Gradients;

/// <summary>The gradients that tensors want and accumulate, and the pass that computes them.</summary>
public static class TensorGradients
{
    extension(Tensor tensor)
    {
        /// <summary>Whether this tensor requires a gradient (settable only on floating-point leaves).</summary>
        public bool RequiresGrad
        {
            get
            {
                tensor.ThrowIfDisposed();
                return tensor.WantsGradient;
            }

            set
            {
                if (value && !tensor.DType.IsFloatingPoint())
                    throw new TorchException($"only floating-point tensors can require a gradient; this one is {tensor.DType}");
                tensor.ThrowIfDisposed();
                if (tensor.IsRecorded)
                {
                    if (!value)
                        throw new TorchException(
                            "the result of a recorded operation stays in the graph; Detach returns its values alone");
                    return;
                }
                if (value || tensor.Leaf is not null)
                    Leaf.Of(tensor).Wanted = value;
            }
        }

        /// <summary>Whether there is an accumulated gradient.</summary>
        public bool HasGrad => tensor.Accumulated is not null;

        /// <summary>The accumulated gradient itself, still owned by the tensor; null if there is none.</summary>
        internal Tensor? Accumulated => ((Leaf?)tensor.Leaf)?.Gradient;

        /// <summary>One backward pass from several roots, each with its gradient (null is one).</summary>
        /// <param name="roots">Tensors that want a gradient.</param>
        /// <param name="complete">
        /// Receives each leaf as soon as this pass has no more gradients for it, while it goes on: an optimizer or a reduction among
        /// processes can begin. Null where nobody asks.
        /// </param>
        public static void Backward(ReadOnlySpan<(Tensor Root, Tensor? Gradient)> roots, Action<Tensor>? complete = null)
        {
            if (roots.Length == 0)
                throw new TorchException("backward needs at least one root");
            foreach (var (root, gradient) in roots)
            {
                root.ThrowIfDisposed();
                gradient?.ThrowIfDisposed();
            }
            for (var i = 0; i < roots.Length; i++)
            {
                var (root, gradient) = roots[i];
                if (!root.WantsGradient)
                    throw new TorchException(
                        $"root {i} of backward does not require a gradient: none of its inputs does, or recording was off");
                if (gradient is not null && !gradient.Shape.SequenceEqual(root.Shape))
                    throw new TorchException($"the gradient of root {i} has shape {gradient.ShapeText} but the root has {root.ShapeText}");
            }
            BackwardPass.Run(roots, complete);
        }
    }

    /// <summary>The accumulated gradient as a new handle on the same storage, or null if there is none.</summary>
    public static Tensor? Grad(this Tensor tensor)
    {
        tensor.ThrowIfDisposed();
        return tensor.Accumulated?.Alias();
    }

    /// <summary>Σ g² of the accumulated gradient in float64; 0 if there is none.</summary>
    public static double SumOfSquaresOfGrad(this Tensor tensor)
    {
        tensor.ThrowIfDisposed();
        return tensor.Accumulated?.SumOfSquares() ?? 0;
    }

    /// <summary>Replaces the accumulated gradient (same shape and element type); null clears it.</summary>
    public static void SetGrad(this Tensor tensor, Tensor? grad)
    {
        tensor.ThrowIfDisposed();
        if (grad is null)
        {
            ((Leaf?)tensor.Leaf)?.Replace(null);
            ((Leaf?)tensor.Leaf)?.LetRoomGo();
            return;
        }
        if (ReferenceEquals(grad, tensor))
            throw new TorchException("a tensor cannot be its own gradient");
        if (!grad.Shape.SequenceEqual(tensor.Shape))
            throw new TorchException($"the gradient has shape {grad.ShapeText} but the tensor has {tensor.ShapeText}");
        if (grad.DType != tensor.DType)
            throw new TorchException($"the gradient is {grad.DType} but the tensor is {tensor.DType}");
        Leaf.Of(tensor).Replace(grad);
    }

    /// <summary>
    /// Forgets the accumulated gradient as <see cref="SetGrad"/> of null does, and has memory for the next one, which products write
    /// there. Nothing where no gradient is wanted.
    /// </summary>
    internal static void RenewGrad(this Tensor tensor)
    {
        tensor.ThrowIfDisposed();
        if (tensor.Leaf is Leaf { Wanted: true } leaf)
            leaf.Renew();
        else
            tensor.SetGrad(null);
    }

    /// <summary>Makes memory for a gradient where there is none yet, and no memory for one.</summary>
    internal static void MakeRoomForGrad(this Tensor tensor)
    {
        if (tensor.Accumulated is null)
            Leaf.Of(tensor).Renew();
    }

    /// <summary>Adds a · b to the accumulated gradient where it lies, or begins it by that where there is room; else false.</summary>
    internal static bool TryAddProductToGrad(this Tensor tensor, Tensor a, Tensor b) => Leaf.Of(tensor).TryAddProduct(a, b);

    /// <summary>The accumulated gradient as a new handle; zeros where there was none.</summary>
    internal static Tensor GradOrZeros(this Tensor tensor)
    {
        if (Leaf.Of(tensor).Begun() is null)
            tensor.SetGrad(tensor.ZerosLike());
        return tensor.Grad()!;
    }

    /// <summary>Adds to the accumulated gradient, or becomes it where there is none yet: then the storage is shared.</summary>
    public static void AccumulateGrad(this Tensor tensor, Tensor gradient)
    {
        using var noGrad = GradMode.Disable();
        tensor.ThrowIfDisposed();
        if (tensor.Accumulated is { } before)
            before.AddInPlace(gradient);
        else
            tensor.SetGrad(gradient);
    }

    /// <summary>
    /// Adds another tensor's accumulated gradient to this one's, which shares its storage where there was none yet. Nothing where the other
    /// has none.
    /// </summary>
    public static void AccumulateGradOf(this Tensor tensor, Tensor other)
    {
        tensor.ThrowIfDisposed();
        other.ThrowIfDisposed();
        using var scope = TensorScope.BeginReusing();
        if (other.Accumulated is { } gradient)
            tensor.AccumulateGrad(gradient);
    }

    /// <summary>The same storage, cut off from the graph.</summary>
    public static Tensor Detach(this Tensor tensor) => tensor.Alias();

    /// <summary>
    /// A leaf on the same storage with a gradient of its own, which wants one where this leaf does: the same weight for another thread. In
    /// no scope; the caller disposes it, before this one.
    /// </summary>
    public static Tensor Replica(this Tensor tensor)
    {
        var replica = tensor.Twin().Unscoped();
        replica.RequiresGrad = tensor.RequiresGrad;
        return replica;
    }

    /// <summary>
    /// Accumulates gradients into the leaves below this tensor. <paramref name="gradient"/> has this tensor's shape; without it the
    /// tensor's gradient is one. What was recorded can be gone through once.
    /// </summary>
    public static void Backward(this Tensor tensor, Tensor? gradient = null) => Tensor.Backward([(tensor, gradient)]);
}

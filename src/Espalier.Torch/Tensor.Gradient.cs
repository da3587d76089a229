using Espalier.Torch.Gradients;

namespace Espalier.Torch;

public sealed partial class Tensor
{
    private Node? _node;
    private Leaf? _leaf;
    private StorageVersion? _storage;
    private int _writes;

    /// <summary>Whether gradients of this tensor are wanted (settable on leaves only, of floating-point elements).</summary>
    public bool RequiresGrad
    {
        get
        {
            ThrowIfDisposed();
            return WantsGradient;
        }

        set
        {
            if (value && !DType.IsFloatingPoint())
                throw new TorchException($"only floating-point tensors can want a gradient, and this one is {DType}");
            ThrowIfDisposed();
            if (_node is not null)
            {
                if (!value)
                    throw new TorchException(
                        "the result of a recorded operation keeps its place in the graph; Detach gives its values alone");
                return;
            }
            if (value || _leaf is not null)
                LeafOf().Wanted = value;
        }
    }

    /// <summary>The accumulated gradient as a new handle on the same storage, or null when there is none.</summary>
    public Tensor? Grad()
    {
        ThrowIfDisposed();
        return _leaf?.Gradient?.Alias();
    }

    /// <summary>Whether there is an accumulated gradient.</summary>
    public bool HasGrad => _leaf?.Gradient is not null;

    /// <summary>Σ g² of the accumulated gradient in float64; 0 where there is none.</summary>
    public double SumOfSquaresOfGrad()
    {
        ThrowIfDisposed();
        return _leaf?.Gradient?.SumOfSquares() ?? 0;
    }

    /// <summary>Replaces the accumulated gradient (same shape and element type); null clears it.</summary>
    public void SetGrad(Tensor? grad)
    {
        ThrowIfDisposed();
        if (grad is null)
        {
            _leaf?.Replace(null);
            return;
        }
        if (ReferenceEquals(grad, this))
            throw new TorchException("a tensor cannot be its own gradient");
        if (!grad.Shape.SequenceEqual(Shape))
            throw new TorchException($"the gradient has shape {grad.ShapeText} and the tensor {ShapeText}");
        if (grad.DType != DType)
            throw new TorchException($"the gradient is {grad.DType} and the tensor {DType}");
        LeafOf().Replace(grad);
    }

    /// <summary>Adds to the accumulated gradient, or becomes it where there is none yet: then the storage is shared.</summary>
    public void AccumulateGrad(Tensor gradient)
    {
        using var noGrad = GradMode.Disable();
        ThrowIfDisposed();
        if (_leaf?.Gradient is { } before)
            before.AddInPlace(gradient);
        else
            SetGrad(gradient);
    }

    /// <summary>
    /// Adds another tensor's accumulated gradient to this one's, which shares its storage where there was none yet. Nothing where the other
    /// has none.
    /// </summary>
    public void AccumulateGradOf(Tensor other)
    {
        ThrowIfDisposed();
        other.ThrowIfDisposed();
        using var scope = TensorScope.BeginReusing();
        if (other._leaf?.Gradient is { } gradient)
            AccumulateGrad(gradient);
    }

    /// <summary>The same storage, cut off from the graph.</summary>
    public Tensor Detach() => Alias();

    /// <summary>
    /// A leaf on the same storage with a gradient of its own, which wants one where this leaf does: the same weight for another thread. In
    /// no scope; the caller disposes it, before this one.
    /// </summary>
    public Tensor Replica()
    {
        var replica = Alias().Unscoped();
        replica._original = _original ?? this;
        replica.RequiresGrad = RequiresGrad;
        return replica;
    }

    /// <summary>
    /// Accumulates gradients into the leaves below this tensor. <paramref name="gradient"/> has this tensor's shape; without it the
    /// tensor's gradient is one. What was recorded can be gone through once.
    /// </summary>
    public void Backward(Tensor? gradient = null) => Backward([(this, gradient)]);

    /// <summary>One backward pass from several roots, each with its gradient (null is one).</summary>
    /// <param name="roots">Tensors that want a gradient.</param>
    /// <param name="complete">
    /// Receives each leaf as soon as this pass has no more gradients for it, while it goes on: an optimizer or a reduction among processes
    /// can begin. Null where nobody asks.
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
                    $"root {i} of backward does not require grad: nothing that it came from does, or recording was off");
            if (gradient is not null && !gradient.Shape.SequenceEqual(root.Shape))
                throw new TorchException($"the gradient of root {i} has shape {gradient.ShapeText} and the root {root.ShapeText}");
        }
        BackwardPass.Run(roots, complete);
    }

    /// <summary><see cref="RequiresGrad"/>, unchecked.</summary>
    internal bool WantsGradient => _node is not null || _leaf is { Wanted: true };

    /// <summary>Whether this is the result of a recorded operation.</summary>
    internal bool IsRecorded => _node is not null;

    /// <summary>Where a gradient of this tensor goes, or null.</summary>
    internal GradientSink? Sink => _node is not null ? _node : _leaf is { Wanted: true } leaf ? leaf : null;

    internal void SetNode(Node node) => _node = node;

    private Leaf LeafOf() => _leaf ??= new Leaf(this);

    // What a node keeps its backward may read, whoever disposed it.
    private void ThrowIfDisposed() => ObjectDisposedException.ThrowIf(_handle.IsClosed && !(Node.ReadsKept && _handle.IsHeld), this);
}

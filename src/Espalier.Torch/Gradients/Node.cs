namespace Espalier.Torch.Gradients;

/// <summary>
/// A backward written by hand: from the gradient of the result those of the inputs, into <paramref name="into"/> in the inputs' order; what
/// stays null has none. Runs once, without recording, in a scope of its own. Tensors of the forward pass reach it as <see cref="Kept"/>
/// alone; shapes and numbers may be captured.
/// </summary>
internal delegate void Backward(Tensor gradient, Span<Tensor?> into);

/// <summary>
/// One recorded operation. Held by its result and by the nodes after it; when the last of them lets go, or when backward has used it, what
/// it keeps is freed.
/// </summary>
internal sealed class Node : GradientSink
{
    private static long s_recorded;

    private readonly GradientSink?[] _inputs;
    private readonly Kept?[] _kept;
    private Backward? _backward;
    private int _holders = 1;
    private Tensor? _pending;
    private Node? _next;

    public Node(GradientSink?[] inputs, Backward backward, Kept?[] kept)
    {
        (_inputs, _backward, _kept) = (inputs, backward, kept);
        foreach (var input in inputs)
            (input as Node)?.Hold();
    }

    /// <summary>Place in the order of recording: a node's inputs have smaller ones.</summary>
    public long Sequence { get; } = Interlocked.Increment(ref s_recorded);

    /// <summary>Where the gradients go; null where an input wants none.</summary>
    public ReadOnlySpan<GradientSink?> Inputs => _inputs;

    /// <summary>The backward pass that found this node last.</summary>
    public long Pass { get; set; }

    /// <summary>Whether backward has been through it, and what it kept is gone.</summary>
    public bool IsSpent => _backward is null;

    public void Hold() => Interlocked.Increment(ref _holders);

    /// <summary>One holder less. Chains are let go in a loop: a graph may be deeper than the stack.</summary>
    public void Drop()
    {
        Node? freed = null;
        Unhold(this, ref freed);
        while (freed is { } node)
        {
            freed = node._next;
            node.Free(ref freed);
        }
    }

    /// <summary>Adds to the gradient of the result that is being gathered, in place where its memory is the pass's own.</summary>
    public override void Add(Tensor gradient)
    {
        if (_pending is null)
        {
            _pending = Own(gradient);
            return;
        }
        CheckShape(_pending, gradient);
        if (!_pending.SharesMemory)
        {
            _pending.AddInPlace(gradient);
            return;
        }
        using var before = _pending;
        if (!gradient.SharesMemory)
        {
            // The same sum: its two terms may change places.
            _pending = Own(gradient);
            _pending.AddInPlace(before);
        }
        else
            _pending = before.Add(gradient).Unscoped();
    }

    /// <summary>The gathered gradient, which is the caller's now; null where none came.</summary>
    public Tensor? TakePending()
    {
        var pending = _pending;
        _pending = null;
        return pending;
    }

    public void Run(Tensor gradient, Span<Tensor?> into) => _backward!(gradient, into);

    /// <summary>Frees what the node keeps and lets go of the nodes before it, after their gradients are with them.</summary>
    public void Spend()
    {
        Node? freed = null;
        Free(ref freed);
        while (freed is { } node)
        {
            freed = node._next;
            node.Free(ref freed);
        }
    }

    private static void Unhold(Node node, ref Node? freed)
    {
        if (Interlocked.Decrement(ref node._holders) == 0)
            (node._next, freed) = (freed, node);
    }

    private void Free(ref Node? freed)
    {
        if (_backward is null)
            return;
        _backward = null;
        foreach (var kept in _kept)
            kept?.Dispose();
        Array.Clear(_kept);
        foreach (var input in _inputs)
            if (input is Node node)
                Unhold(node, ref freed);
        Array.Clear(_inputs);
    }
}

using System.Runtime.CompilerServices;
using Espalier.Torch.Operators;

namespace Espalier.Torch.Gradients;

/// <summary>
/// A backward written by hand: from the gradient of the result those of the inputs, into <paramref name="into"/> in the inputs' order; what
/// stays null has none. Runs once, without recording, in a scope of its own. Tensors of the forward pass reach it as what the node keeps
/// alone. What a training step repeats is a static method that finds its numbers in the node; others may capture shapes and numbers.
/// </summary>
internal delegate void Backward(Node node, Tensor gradient, Span<Tensor?> into);

/// <summary>
/// One recorded operation. Held by its result and by the nodes after it; when backward has used it, what it keeps is freed, and when the
/// last holder lets go, it serves again for another operation of this thread: a step records the same ones each time.
/// </summary>
internal sealed class Node : GradientSink
{
    // Inputs above the room are in an array; what a list of them keeps is in another. Spare nodes above the number go to the garbage
    // collector.
    private const int InputRoom = 3, KeptRoom = 8, FormRoom = 3, MostSpare = 8192;

    private static long s_recorded;

    [ThreadStatic] private static Node? s_spare;
    [ThreadStatic] private static int s_spareCount;

    private InputArray _few;
    private GradientSink?[]? _many;
    private int _inputs, _kept, _forms;
    private KeptArray _keptTensors;
    private Kept[]? _manyKept;
    private FormArray _formsOfInputs;
    private Backward? _backward;
    private Func<Node, Tensor>? _again;
    private Tensor? _repeated;
    private int _version;
    private int _holders;
    private Tensor? _pending;
    private Node? _next;

    private Node()
    {
    }

    /// <summary>Place in the order of recording: a node's inputs have smaller ones.</summary>
    public long Sequence { get; private set; }

    /// <summary>A number for the backward.</summary>
    public double Number { get; set; }

    /// <summary>An integer for the backward.</summary>
    public long First { get; set; }

    /// <summary>A further one.</summary>
    public long Second { get; set; }

    /// <summary>Where the gradients go; null where an input wants none.</summary>
    public ReadOnlySpan<GradientSink?> Inputs => _many ?? ((ReadOnlySpan<GradientSink?>)_few)[.._inputs];

    /// <summary>The backward pass that found this node last.</summary>
    public long Pass { get; set; }

    /// <summary>Whether backward has been through it, and what it kept is gone.</summary>
    public bool IsSpent => _backward is null;

    /// <summary>What was kept, in that order, with the values it had then.</summary>
    public Tensor this[int index] => _keptTensors[index].Value;

    /// <summary>What was kept at a place, or null where that was left free.</summary>
    public Tensor? KeptOrNull(int index) => _keptTensors[index].IsNone ? null : this[index];

    /// <summary>
    /// Says how the result is computed again from what is kept, where that takes few operations. Whoever needs it backwards then need not
    /// keep it, for a node holds those before it.
    /// </summary>
    public void Repeats(Func<Node, Tensor>? again, Tensor result) => (_again, _version) = (again, result.Version);

    /// <summary>Whether the result, which nobody wrote since, can be computed again.</summary>
    public bool CanRepeat(Tensor result) => _again is not null && result.Version == _version;

    /// <summary>The result, computed again where nobody asked before; this node's until backward has been through it.</summary>
    public Tensor Repeated() => _repeated ??= _again!(this).Unscoped();

    /// <summary>A node for an operation that is about to be recorded, held by whoever asks.</summary>
    public static Node Take()
    {
        var node = s_spare;
        if (node is null)
            node = new Node();
        else
        {
            (s_spare, node._next) = (node._next, null);
            s_spareCount--;
        }
        (node.Sequence, node._holders) = (Interlocked.Increment(ref s_recorded), 1);
        return node;
    }

    /// <summary>Keeps a tensor until backward has used it.</summary>
    public Kept Keep(Tensor tensor) => _keptTensors[_kept++] = Kept.Of(tensor);

    /// <summary>Keeps a tensor, or the place free.</summary>
    public void KeepOrSkip(Tensor? tensor) => _keptTensors[_kept++] = tensor is null ? default : Kept.Of(tensor);

    /// <summary>Keeps a list, beside what is kept one by one.</summary>
    public void KeepMany(ReadOnlySpan<Tensor> tensors)
    {
        _manyKept = new Kept[tensors.Length];
        for (var i = 0; i < tensors.Length; i++)
            _manyKept[i] = Kept.Of(tensors[i]);
    }

    /// <summary>A tensor of the list that was kept.</summary>
    public Tensor OfMany(int index) => _manyKept![index].Value;

    /// <summary>Notes what an input's gradient must look like, or that it has none.</summary>
    public void Note(Form? form) => _formsOfInputs[_forms++] = form ?? default;

    /// <summary>What was noted; null where that input has no gradient.</summary>
    public Form? FormOf(int index) => _formsOfInputs[index] is { IsNone: false } form ? form : null;

    /// <summary>Says where the gradients go and how they come about.</summary>
    public void Record(ReadOnlySpan<GradientSink?> inputs, Backward backward)
    {
        _backward = backward;
        _inputs = inputs.Length;
        if (inputs.Length <= InputRoom)
            inputs.CopyTo(_few);
        else
            _many = inputs.ToArray();
        foreach (var input in inputs)
            (input as Node)?.Hold();
    }

    public void Hold() => Interlocked.Increment(ref _holders);

    /// <summary>One holder less. Chains are let go in a loop: a graph may be deeper than the stack.</summary>
    public void Drop()
    {
        Node? freed = null;
        Unhold(this, ref freed);
        FreeAll(freed);
    }

    /// <summary>The result holds it no more.</summary>
    public override void OwnerIsGone() => Drop();

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
        var before = _pending;
        try
        {
            if (!gradient.SharesMemory)
            {
                // The same sum: its two terms may change places.
                _pending = Own(gradient);
                _pending.AddInPlace(before);
            }
            else
                _pending = before.Add(gradient).Unscoped();
        }
        finally
        {
            // The object serves again at the end of the pass's scope: the backward under way may have given the same one twice.
            if (_pending != before)
            {
                before.Dispose();
                TensorScope.Frame.Current?.Add(before);
            }
        }
    }

    /// <summary>The gathered gradient, which is the caller's now; null where none came.</summary>
    public Tensor? TakePending()
    {
        var pending = _pending;
        _pending = null;
        return pending;
    }

    public void Run(Tensor gradient, Span<Tensor?> into)
    {
        var before = Tensor.ReadsHeld;
        Tensor.ReadsHeld = true;
        try
        {
            _backward!(this, gradient, into);
        }
        finally
        {
            Tensor.ReadsHeld = before;
        }
    }

    /// <summary>Frees what the node keeps and lets go of the nodes before it, after their gradients are with them.</summary>
    public void Spend()
    {
        Node? freed = null;
        Free(ref freed);
        FreeAll(freed);
    }

    private static void FreeAll(Node? freed)
    {
        while (freed is { } node)
        {
            freed = node._next;
            node.Free(ref freed);
            node.Return();
        }
    }

    private static void Unhold(Node node, ref Node? freed)
    {
        if (Interlocked.Decrement(ref node._holders) == 0)
            (node._next, freed) = (freed, node);
    }

    private void Free(ref Node? freed)
    {
        _backward = null;
        for (var i = 0; i < _kept; i++)
            _keptTensors[i].Release();
        foreach (var kept in _manyKept ?? [])
            kept.Release();
        foreach (var input in Inputs)
            if (input is Node node)
                Unhold(node, ref freed);
        _repeated?.LetGo(reuse: true);
        (_inputs, _kept, _forms, _many, _manyKept, _again, _repeated) = (0, 0, 0, null, null, null, null);
        (_few, _keptTensors, _formsOfInputs) = (default, default, default);
    }

    private void Return()
    {
        _next = null;
        if (s_spareCount >= MostSpare)
            return;
        (_next, s_spare) = (s_spare, this);
        s_spareCount++;
    }

    [InlineArray(InputRoom)]
    private struct InputArray
    {
        private GradientSink? _first;
    }

    [InlineArray(KeptRoom)]
    private struct KeptArray
    {
        private Kept _first;
    }

    [InlineArray(FormRoom)]
    private struct FormArray
    {
        private Form _first;
    }
}

using Espalier.Torch.Operators;

namespace Espalier.Torch.Gradients;

/// <summary>
/// One walk from roots back to the leaves, in the reverse of the order of recording, so that sums have the same bits each time. What a node
/// kept is freed as soon as its backward has run.
/// </summary>
internal sealed class BackwardPass
{
    private static long s_passes;

    // With the room of its lists. One that runs is not spare: what is told of leaves may begin another pass.
    [ThreadStatic] private static BackwardPass? s_spare;

    private readonly List<Node> _nodes = [];
    private readonly List<Leaf> _leaves = [];
    private readonly Stack<Node> _open = [];
    private Tensor?[] _into = [];
    private long _pass;
    private Action<Tensor>? _complete;
    private int _widest;

    /// <summary>Goes back from roots that want a gradient.</summary>
    /// <param name="roots">Where to begin, each with its gradient (null is one).</param>
    /// <param name="complete">Receives each leaf when this pass has no more gradients for it, or null.</param>
    public static void Run(ReadOnlySpan<(Tensor Root, Tensor? Gradient)> roots, Action<Tensor>? complete)
    {
        using var noGrad = GradMode.Disable();
        var pass = s_spare ?? new();
        s_spare = null;
        (pass._pass, pass._complete, pass._widest) = (Interlocked.Increment(ref s_passes), complete, 0);
        try
        {
            foreach (var (root, _) in roots)
                pass.Find(root.Sink!);
            pass._nodes.Sort(static (a, b) => b.Sequence.CompareTo(a.Sequence));
            foreach (var (root, gradient) in roots)
                pass.Begin(root, gradient);
            if (pass._into.Length < pass._widest)
                pass._into = new Tensor?[pass._widest];
            foreach (var node in pass._nodes)
                pass.Visit(node, pass._into.AsSpan(0, node.Inputs.Length));
        }
        finally
        {
            pass.End();
            s_spare = pass;
        }
    }

    // Not by recursion: a graph may be deeper than the stack.
    private void Find(GradientSink root)
    {
        Enter(root);
        while (_open.TryPop(out var node))
        {
            _widest = Math.Max(_widest, node.Inputs.Length);
            foreach (var input in node.Inputs)
                if (input is not null)
                    Enter(input);
        }
    }

    private void Enter(GradientSink sink)
    {
        if (sink is Leaf leaf)
        {
            if (leaf.Awaited++ == 0)
                _leaves.Add(leaf);
        }
        else if (sink is Node node && node.Pass != _pass)
        {
            if (node.IsSpent)
                throw new TorchException(
                    "backward has already run through part of this graph and freed its saved tensors");
            node.Pass = _pass;
            node.Hold();
            _nodes.Add(node);
            _open.Push(node);
        }
    }

    private void Begin(Tensor root, Tensor? gradient)
    {
        using var scope = TensorScope.Begin();
        // The caller's stays the caller's: a leaf would add to it.
        gradient = gradient is null ? root.OnesLike() : root.Sink is Leaf ? gradient.Clone() : gradient;
        root.Sink!.Add(gradient.DType == root.DType ? gradient : gradient.To(root.DType));
        Arrived(root.Sink);
    }

    private void Visit(Node node, Span<Tensor?> into)
    {
        // Whatever is made in here stays in here: no code but that of rules and kernels runs before the scope ends.
        using (var scope = TensorScope.BeginReusing())
        {
            into.Clear();
            if (node.TakePending() is { } gradient)
                node.Run(scope.Adopt(gradient), into);
            Part(into);
            for (var i = 0; i < into.Length; i++)
                if (node.Inputs[i] is { } input && into[i] is { } slope)
                    input.Add(slope);
            into.Clear();
        }
        foreach (var input in node.Inputs)
            Arrived(input);
        node.Spend();
    }

    // A tensor that stands for several inputs has its memory alone no more, or the first that gathers more would change the others'.
    private static void Part(Span<Tensor?> into)
    {
        for (var i = 1; i < into.Length; i++)
            for (var before = 0; before < i && into[i] is not null; before++)
                if (into[before] == into[i])
                {
                    into[i] = into[i]!.Alias();
                    break;
                }
    }

    private void Arrived(GradientSink? sink)
    {
        if (sink is not Leaf leaf || --leaf.Awaited != 0 || _complete is null)
            return;
        using var scope = TensorScope.Begin();
        _complete(leaf.Owner);
    }

    private void End()
    {
        foreach (var node in _nodes)
        {
            node.TakePending()?.Dispose();
            node.Drop();
        }
        foreach (var leaf in _leaves)
            leaf.Awaited = 0;
        _nodes.Clear();
        _leaves.Clear();
        _open.Clear();
        _into.AsSpan().Clear();
        _complete = null;
    }
}

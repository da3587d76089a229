namespace Espalier.Torch.Gradients;

/// <summary>
/// One walk from roots back to the leaves, in the reverse of the order of recording, so that sums have the same bits each time. What a node
/// kept is freed as soon as its backward has run.
/// </summary>
internal sealed class BackwardPass
{
    private static long s_passes;

    private readonly long _pass = Interlocked.Increment(ref s_passes);
    private readonly List<Node> _nodes = [];
    private readonly List<Leaf> _leaves = [];
    private readonly Action<Tensor>? _complete;
    private int _widest;

    private BackwardPass(Action<Tensor>? complete) => _complete = complete;

    /// <summary>Goes back from roots that want a gradient.</summary>
    /// <param name="roots">Where to begin, each with its gradient (null is one).</param>
    /// <param name="complete">Told of each leaf when this pass has no more gradients for it, or null.</param>
    public static void Run(ReadOnlySpan<(Tensor Root, Tensor? Gradient)> roots, Action<Tensor>? complete)
    {
        using var noGrad = GradMode.Disable();
        var pass = new BackwardPass(complete);
        try
        {
            foreach (var (root, _) in roots)
                pass.Find(root.Sink!);
            pass._nodes.Sort(static (a, b) => b.Sequence.CompareTo(a.Sequence));
            foreach (var (root, gradient) in roots)
                pass.Begin(root, gradient);
            var into = new Tensor?[pass._widest];
            foreach (var node in pass._nodes)
                pass.Visit(node, into.AsSpan(0, node.Inputs.Length));
        }
        finally
        {
            pass.End();
        }
    }

    // Not by recursion: a graph may be deeper than the stack.
    private void Find(GradientSink root)
    {
        var open = new Stack<Node>();
        Enter(root, open);
        while (open.TryPop(out var node))
        {
            _widest = Math.Max(_widest, node.Inputs.Length);
            foreach (var input in node.Inputs)
                if (input is not null)
                    Enter(input, open);
        }
    }

    private void Enter(GradientSink sink, Stack<Node> open)
    {
        if (sink is Leaf leaf)
        {
            if (leaf.Awaited++ == 0)
                _leaves.Add(leaf);
        }
        else if (sink is Node node && node.Pass != _pass)
        {
            if (node.IsSpent)
                throw new TorchException("backward goes through part of the graph for the second time, and the first time freed what it kept");
            node.Pass = _pass;
            node.Hold();
            _nodes.Add(node);
            open.Push(node);
        }
    }

    private void Begin(Tensor root, Tensor? gradient)
    {
        using var scope = TensorScope.Begin();
        gradient ??= root.OnesLike();
        root.Sink!.Add(gradient.DType == root.DType ? gradient : gradient.To(root.DType));
        Arrived(root.Sink);
    }

    private void Visit(Node node, Span<Tensor?> into)
    {
        using var scope = TensorScope.Begin();
        into.Clear();
        if (node.TakePending() is { } gradient)
            node.Run(scope.Adopt(gradient), into);
        for (var i = 0; i < into.Length; i++)
            if (node.Inputs[i] is { } input)
            {
                if (into[i] is { } slope)
                    input.Add(slope);
                Arrived(input);
            }
        node.Spend();
    }

    private void Arrived(GradientSink? sink)
    {
        if (sink is Leaf leaf && --leaf.Awaited == 0)
            _complete?.Invoke(leaf.Owner);
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
    }
}

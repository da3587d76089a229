namespace Espalier.Torch;

/// <summary>
/// Owns the temporaries of a block, a layer or a micro-batch: every tensor that the current thread makes while the scope is the
/// innermost one is disposed with it, except those handed out by <see cref="Keep"/>. Scopes nest; parameters and
/// other long-lived tensors are taken out with <see cref="Tensor.Unscoped"/>.
/// </summary>
/// <example><code>
/// using var scope = TensorScope.Begin();
/// var y = x.MatMul(w).Add(b);        // the product is disposed at the end of the scope
/// return scope.Keep(y);              // y belongs to the caller's scope now, or to the caller
/// </code></example>
public readonly ref struct TensorScope
{
    private readonly Frame _frame;
    private readonly long _opening;

    private TensorScope(Frame frame) => (_frame, _opening) = (frame, frame.Opening);

    /// <summary>Opens a scope on this thread; dispose it on the same thread, innermost first.</summary>
    public static TensorScope Begin() => new(Frame.Push(reuses: false));

    /// <summary>
    /// Opens a scope whose tensors, and those of the scopes inside, are objects that served before and will again
    /// (<see cref="SpareTensors"/>). For code alone that hands none of them to anybody but by <see cref="Keep"/>: who held one longer would
    /// see another's values.
    /// </summary>
    internal static TensorScope BeginReusing() => new(Frame.Push(reuses: true));

    /// <summary>
    /// Hands a tensor of this scope (or of one inside it) to the enclosing scope, or to the caller where there is none, and returns it.
    /// A tensor that lives longer anyway is left where it is.
    /// </summary>
    public Tensor Keep(Tensor tensor)
    {
        if (tensor.Frame is { } owner && _frame.Encloses(owner))
        {
            tensor.Frame = null;
            _frame.Parent?.Add(tensor);
        }
        return tensor;
    }

    /// <summary>Gives a tensor that is in no scope to this one.</summary>
    public Tensor Adopt(Tensor tensor)
    {
        _frame.Add(tensor);
        return tensor;
    }

    /// <summary>Disposes the scope's tensors. Idempotent.</summary>
    /// <exception cref="InvalidOperationException">A scope inside this one is still open.</exception>
    public void Dispose()
    {
        if (_frame.Opening == _opening)
            _frame.Pop();
    }

    /// <summary>The list behind a scope; frames are kept for re-use, one chain a thread.</summary>
    internal sealed class Frame
    {
        [ThreadStatic] private static Frame? s_current;
        [ThreadStatic] private static Frame? s_outermost;
        private readonly List<Tensor> _tensors = [];
        private Frame? _spare;

        public static Frame? Current => s_current;

        public Frame? Parent { get; private init; }

        /// <summary>Whether the scope's tensors are used again.</summary>
        public bool Reuses { get; private set; }

        /// <summary>How many scopes this frame has served: tells a scope that has ended from the one that uses its frame now.</summary>
        public long Opening { get; private set; }

        public static Frame Push(bool reuses)
        {
            var parent = s_current;
            var frame = parent is not null ? parent._spare ??= new Frame { Parent = parent } : s_outermost ??= new Frame();
            frame.Reuses = reuses || parent is { Reuses: true };
            return s_current = frame;
        }

        public void Add(Tensor tensor)
        {
            tensor.Frame = this;
            _tensors.Add(tensor);
        }

        public bool Encloses(Frame? inner)
        {
            while (inner is not null && inner != this)
                inner = inner.Parent;
            return inner is not null;
        }

        public void Pop()
        {
            if (s_current != this)
                throw new InvalidOperationException("scopes end innermost first, each on the thread that began it");
            foreach (var tensor in _tensors)
                if (tensor.Frame == this)
                    tensor.LetGo(Reuses);
            _tensors.Clear();
            s_current = Parent;
            Opening++;
        }
    }
}

namespace Espalier.Models;

/// <summary>What a <see cref="TrainingPass"/> keeps of its way forward, and how it goes back.</summary>
internal abstract class PassGraph
{
    /// <summary>How many passes it has served.</summary>
    public long Use { get; private set; }

    /// <summary>The output of the final norm, [B, T, D], cut off from the graph.</summary>
    public abstract Tensor Hidden { get; }

    /// <summary>A tapped value, cut off from the graph.</summary>
    public abstract Tensor Tapped(TapPlace place);

    /// <summary>Adds the gradients to those of the parameters. Where nothing below a value wants one, its gradient goes nowhere.</summary>
    /// <param name="gradient">d(loss)/d(hidden), [B, T, D].</param>
    /// <param name="tapped">d(loss)/d(value) of tapped values, or none.</param>
    /// <param name="complete"> Receives each parameter as soon as this pass has no more gradients for it, the last block's first: what
    /// reduces or applies them can begin while the pass goes on. Null where nobody asks.
    /// </param>
    public abstract void Backward(
        Tensor gradient, IReadOnlyCollection<KeyValuePair<TapPlace, Tensor>>? tapped = null, Action<Tensor>? complete = null);

    /// <summary>Lets go of what was kept.</summary>
    public void End()
    {
        Use++;
        LetGo();
    }

    /// <inheritdoc cref="End"/>
    protected abstract void LetGo();

    /// <summary>One backward pass from the output alone, where that wants a gradient.</summary>
    private protected static void BackwardFrom(Tensor root, Tensor gradient, Action<Tensor>? complete)
    {
        if (root.RequiresGrad)
            Tensor.Backward([(root, gradient)], complete);
    }

    /// <summary>One backward pass from those roots that want a gradient.</summary>
    private protected static void BackwardFrom(IEnumerable<(Tensor Root, Tensor? Gradient)> roots, Action<Tensor>? complete)
    {
        var wanted = roots.Where(root => root.Root.RequiresGrad).ToArray();
        if (wanted.Length > 0)
            Tensor.Backward(wanted, complete);
    }

    /// <summary>
    /// A tap that keeps the named places: each another handle on the value's storage and place in the graph, in no scope, for the block's
    /// scope ends before the loss is known.
    /// </summary>
    private protected static Tap? Keep(IReadOnlyCollection<TapPlace>? places, Dictionary<TapPlace, Tensor> into) =>
        places is not { Count: > 0 } ? null : (point, layer, value) =>
    {
        if (places.Contains(new(point, layer)))
            into[new(point, layer)] = value.View(value.Shape.ToArray()).Unscoped();
    };
}

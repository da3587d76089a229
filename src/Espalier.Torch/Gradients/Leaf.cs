namespace Espalier.Torch.Gradients;

/// <summary>The gradient that a tensor accumulates, and whether it wants one. Owned by the tensor.</summary>
internal sealed class Leaf(Tensor owner) : GradientSink
{
    /// <summary>Whose gradient this is.</summary>
    public Tensor Owner => owner;

    /// <summary>Whether operations on the owner are recorded.</summary>
    public bool Wanted { get; set; }

    /// <summary>The gradient so far, or null.</summary>
    public Tensor? Gradient { get; private set; }

    /// <summary>Gradients that the backward pass under way has yet to add.</summary>
    public int Awaited { get; set; }

    /// <summary>
    /// Adds in place, where there is one; the first one is kept itself where nothing else shares its memory. Always contiguous, for those
    /// who read it.
    /// </summary>
    public override void Add(Tensor gradient)
    {
        if (!Wanted)
            return;
        CheckShape(owner, gradient);
        if (gradient.DType != owner.DType)
            throw new TorchException($"a gradient is {gradient.DType} and its leaf {owner.DType}");
        if (Gradient is not null)
            Gradient.AddInPlace(gradient);
        else if (!gradient.IsContiguous)
            Gradient = gradient.Contiguous().Unscoped();
        else
            Gradient = gradient.SharesMemory ? gradient.Clone().Unscoped() : Own(gradient);
    }

    /// <summary>Replaces the gradient by another handle on this one's memory; null clears.</summary>
    public void Replace(Tensor? gradient)
    {
        var before = Gradient;
        Gradient = gradient?.Alias().Unscoped();
        // Others have handles of their own, not this one.
        before?.LetGo(reuse: true);
    }

    /// <summary>The owner is gone: what still arrives goes nowhere.</summary>
    public void End()
    {
        Wanted = false;
        Replace(null);
    }
}

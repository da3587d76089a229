using Espalier.Torch.Operators;

namespace Espalier.Torch.Gradients;

/// <summary>The gradient that a tensor accumulates, and whether it wants one. Owned by the tensor.</summary>
internal sealed class Leaf(Tensor owner) : GradientSink
{
    // Before a gradient can be wanted of anything, operators know how it goes through them.
    static Leaf() => OperatorRules.Give();

    /// <summary>That of a tensor, made where it has none yet.</summary>
    public static Leaf Of(Tensor owner) => (Leaf)(owner.Leaf ??= new Leaf(owner));

    public Tensor Owner => owner;

    /// <summary>Whether operations on the owner are recorded.</summary>
    public bool Wanted { get => owner.Sink == this; set => owner.Sink = value ? this : null; }

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

    /// <summary>What still arrives goes nowhere.</summary>
    public override void OwnerIsGone()
    {
        Wanted = false;
        Replace(null);
    }
}

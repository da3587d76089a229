using Espalier.Torch.Operators;

namespace Espalier.Torch.Gradients;

/// <summary>The gradient that a tensor accumulates, and whether it wants one. Owned by the tensor.</summary>
internal sealed class Leaf(Tensor owner) : GradientSink
{
    // Positions of a gradient that its room is begun with: products of fewer may be another library's, and so the sum's bits.
    private const long Enough = 16;

    // Memory for the next gradient, while there is none.
    private Tensor? _room;

    // Whether a gradient came that was made elsewhere although there was room for it.
    private bool _leavesRoom;

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
            throw new TorchException($"a gradient is {gradient.DType} but its leaf is {owner.DType}");
        if (Gradient is not null)
        {
            Gradient.AddInPlace(gradient);
            return;
        }
        if (_room is not null)
        {
            _leavesRoom = true;
            LetRoomGo();
        }
        if (!gradient.IsContiguous)
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

    /// <summary>
    /// Forgets the gradient and keeps its memory for the next, or makes memory for it: what lasts from step to step lies together then,
    /// and not between what a step makes and lets go of. Where gradients come that were made elsewhere, nothing is kept.
    /// </summary>
    public void Renew()
    {
        if (_leavesRoom)
        {
            Replace(null);
            return;
        }
        if (Gradient is { IsContiguous: true } there && there.HasMemoryAlone)
            (_room, Gradient) = (there, null);
        else
            Replace(null);
        _room ??= Owner.EmptyLike().Unscoped();
    }

    /// <summary>Adds the product of two matrices where the gradient lies, or begins it in its room; false where neither can be.</summary>
    public bool TryAddProduct(Tensor a, Tensor b)
    {
        if (Gradient is not null)
            return Gradient.TryWriteProduct(a, b, adds: true);
        if (_room is null || a.Size(1) < Enough || !_room.TryWriteProduct(a, b, adds: false))
            return false;
        (Gradient, _room) = (_room, null);
        return true;
    }

    /// <summary>The gradient so far; zeros in its room where there is none yet and there is room; else null.</summary>
    public Tensor? Begun()
    {
        if (Gradient is null && _room is not null)
        {
            _room.ZeroInPlace();
            (Gradient, _room) = (_room, null);
        }
        return Gradient;
    }

    /// <summary>What still arrives goes nowhere.</summary>
    public override void OwnerIsGone()
    {
        Wanted = false;
        Replace(null);
        LetRoomGo();
    }

    /// <summary>Gives the room back.</summary>
    public void LetRoomGo()
    {
        _room?.LetGo(reuse: true);
        _room = null;
    }
}

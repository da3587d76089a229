namespace Espalier.Torch;

/// <summary>
/// Where a gradient of a tensor goes. What it is, the folder of gradients knows; a tensor carries it, and says when it is gone itself.
/// </summary>
internal abstract class GradientSink
{
    /// <summary>Adds a gradient. One made in the innermost scope is taken over; of another a handle is kept.</summary>
    public abstract void Add(Tensor gradient);

    /// <summary>The tensor that carried this is disposed.</summary>
    public abstract void OwnerIsGone();

    /// <summary>The gradient as the sink's own wrapper, in no scope.</summary>
    protected static Tensor Own(Tensor gradient) =>
        gradient.Frame is { } frame && frame == TensorScope.Frame.Current ? gradient.Unscoped() : gradient.Alias().Unscoped();

    protected static void CheckShape(Tensor there, Tensor added)
    {
        if (!there.Shape.SequenceEqual(added.Shape))
            throw new TorchException($"a gradient has shape {added.ShapeText} and should have {there.ShapeText}");
    }
}

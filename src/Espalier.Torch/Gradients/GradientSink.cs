namespace Espalier.Torch.Gradients;

/// <summary>Where a gradient goes: the node of an operation, or a leaf.</summary>
internal abstract class GradientSink
{
    /// <summary>Adds a gradient. One made in the innermost scope is taken over; of another a handle is kept.</summary>
    public abstract void Add(Tensor gradient);

    /// <summary>The gradient as the sink's own wrapper, in no scope.</summary>
    protected static Tensor Own(Tensor gradient) =>
        gradient.Frame is { } frame && frame == TensorScope.Frame.Current ? gradient.Unscoped() : gradient.Alias().Unscoped();

    protected static void CheckShape(Tensor there, Tensor added)
    {
        if (!there.Shape.SequenceEqual(added.Shape))
            throw new TorchException($"a gradient has shape {added.ShapeText} and should have {there.ShapeText}");
    }
}

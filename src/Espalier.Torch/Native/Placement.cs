namespace Espalier.Torch.Native;

/// <summary>Where the elements of a tensor lie in the processor's memory; good as long as the tensor.</summary>
internal unsafe struct Placement
{
    /// <summary>The first element; null where there is none.</summary>
    public void* Data;

    /// <summary>Elements between neighbours of each dimension.</summary>
    public fixed long Strides[TensorFacts.MaxDimensions];

    public static Placement Of(nint tensor)
    {
        Placement placement;
        placement.Data = TensorFacts.Data(tensor);
        TensorFacts.Strides(tensor).CopyTo(new(placement.Strides, TensorFacts.MaxDimensions));
        return placement;
    }
}

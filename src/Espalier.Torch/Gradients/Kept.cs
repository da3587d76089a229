namespace Espalier.Torch.Gradients;

/// <summary>
/// A tensor that a node keeps for its backward, whoever disposes it meanwhile, and what its memory's version was. No second handle is made:
/// the tensor's own native one stays until the node lets go, and is read by backwards alone (<see cref="Tensor.ReadsHeld"/>). The default
/// keeps nothing.
/// </summary>
internal readonly struct Kept
{
    private readonly Tensor? _tensor;
    private readonly int _version;

    private Kept(Tensor tensor)
    {
        tensor.Hold();
        (_tensor, _version) = (tensor, tensor.Version);
    }

    public bool IsNone => _tensor is null;

    /// <summary>The tensor with the values it had when it was kept; not the reader's to dispose.</summary>
    /// <exception cref="TorchException">It was changed in place since.</exception>
    public Tensor Value => _tensor!.Version == _version
        ? _tensor
        : throw new TorchException($"{_tensor} was changed in place after it was recorded, but its gradient needs the earlier values");

    public static Kept Of(Tensor tensor) => new(tensor);

    public void Release() => _tensor?.Release();
}

namespace Espalier.Torch.Gradients;

/// <summary>
/// A tensor that a node keeps for its backward: a handle of its own on the same memory, which no scope ends, and what the memory's version was. The node frees it.
/// </summary>
internal sealed class Kept : IDisposable
{
    private readonly Tensor _tensor;
    private readonly StorageVersion _storage;
    private readonly int _version;

    private Kept(Tensor tensor)
    {
        _tensor = tensor.Alias().Unscoped();
        _storage = _tensor.SharedVersion();
        _version = _storage.Value;
    }

    /// <summary>The tensor with the values it had when it was kept; not the reader's to dispose.</summary>
    /// <exception cref="TorchException">It was changed in place since.</exception>
    public Tensor Value => _storage.Value == _version
        ? _tensor
        : throw new TorchException($"{_tensor} was changed in place after it was recorded, and its gradient needs the values from before");

    public static Kept Of(Tensor tensor) => new(tensor);

    public static Kept? If(bool needed, Tensor tensor) => needed ? new(tensor) : null;

    public void Dispose() => _tensor.Dispose();
}

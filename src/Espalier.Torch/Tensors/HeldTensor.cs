namespace Espalier.Torch;

/// <summary>Keeps a native tensor until it is disposed, whoever closes the tensor meanwhile.</summary>
internal readonly ref struct HeldTensor(Tensor tensor) : IDisposable
{
    private readonly Tensor _tensor = tensor;

    /// <summary>The native tensor.</summary>
    public nint Native { get; } = tensor.Hold();

    public void Dispose() => _tensor.Release();
}

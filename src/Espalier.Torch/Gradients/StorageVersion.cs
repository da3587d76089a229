namespace Espalier.Torch.Gradients;

/// <summary>
/// How often the memory behind tensors was written in place. Tensors that may share memory share this; a tensor without one shares its memory with nobody.
/// </summary>
internal sealed class StorageVersion
{
    private int _value;

    public int Value => Volatile.Read(ref _value);

    public void Advance() => Interlocked.Increment(ref _value);
}

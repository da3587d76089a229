using Espalier.Torch.Native;

namespace Espalier.Torch;

/// <summary>Where a tensor's elements are stored and where it is computed with.</summary>
public readonly unsafe record struct Device
{
    private readonly int _kind, _index;

    private Device(int kind, int index) => (_kind, _index) = (kind, index);

    /// <summary>The processor.</summary>
    public static Device Cpu => new(Libtorch.Cpu, 0);

    /// <summary>No memory at all: shapes and types are worked out, and values cannot be read.</summary>
    public static Device Meta => new(Libtorch.Meta, 0);

    /// <summary>A CUDA device, from 0.</summary>
    public static Device Cuda(int index) => index is >= 0 and < sbyte.MaxValue
        ? new(Libtorch.Cuda, index)
        : throw new ArgumentOutOfRangeException(nameof(index), index, $"0 to {sbyte.MaxValue - 1}");

    /// <summary>As libtorch names it: <c>cpu</c>, <c>meta</c>, <c>cuda:0</c>.</summary>
    public override string ToString() =>
        _kind == Libtorch.Cpu ? "cpu" : _kind == Libtorch.Meta ? "meta" : string.Create(CultureInfo.InvariantCulture, $"cuda:{_index}");

    internal bool IsCpu => _kind == Libtorch.Cpu;

    internal bool IsCuda => _kind == Libtorch.Cuda;

    internal int Kind => _kind;

    internal int Index => _index;

    /// <summary>As the dispatcher takes it: the kind in the upper half of a word, the index (−1: the current one) in the lower.</summary>
    internal long Word => (long)_kind << 32 | (uint)(IsCuda ? _index : -1);

    internal static Device OfWord(long word) => new((int)(word >> 32), Math.Max(0, (int)word));

    /// <summary>
    /// The device of a name: <c>cpu</c>, <c>cuda</c> (the first one), <c>cuda:1</c>, or <c>auto</c>, the first CUDA device where there is
    /// one and else the processor.
    /// </summary>
    /// <param name="name">The name.</param>
    /// <param name="option">What the user calls the setting, for the error.</param>
    /// <exception cref="EspalierException">It names no device.</exception>
    internal static Device Parse(string name, string option) => name switch
    {
        "cpu" => Cpu,
        "cuda" => Cuda(0),
        "auto" => Libtorch.CudaDevices != null && Libtorch.CudaDevices() > 0 ? Cuda(0) : Cpu,
        _ when name.StartsWith("cuda:", StringComparison.Ordinal)
            && sbyte.TryParse(name.AsSpan(5), NumberStyles.None, CultureInfo.InvariantCulture, out var index) && index < sbyte.MaxValue
            => Cuda(index),
        _ => throw new EspalierException($"{option} is '{name}'; it must be auto, cpu, cuda or cuda:N"),
    };

    /// <summary>That of a native tensor, which the caller holds.</summary>
    internal static Device Of(nint tensor)
    {
        var kind = TensorFacts.DeviceType(tensor);
        return kind == Libtorch.Cpu || kind == Libtorch.Meta || kind == Libtorch.Cuda
            ? new(kind, kind == Libtorch.Cuda ? TensorFacts.DeviceIndex(tensor) : 0)
            : throw new TorchException($"a tensor is on a device of kind {kind}; only cpu, cuda and meta are supported");
    }
}

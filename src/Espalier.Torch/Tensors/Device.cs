using Espalier.Torch.Native;

namespace Espalier.Torch;

/// <summary>Where a tensor's elements are stored and where it is computed with.</summary>
public readonly record struct Device
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

    internal int Index => _index;

    /// <summary>
    /// The device of a name: <c>cpu</c>, <c>cuda</c> (the first one), <c>cuda:1</c>, or <c>auto</c>, the first CUDA device where there is
    /// one and else the processor.
    /// </summary>
    /// <param name="name">The name.</param>
    /// <param name="option">What the user calls the setting, for the error.</param>
    /// <exception cref="EspalierException">It names no device.</exception>
    internal static Device Parse(string name, string option)
    {
        if (name == "auto")
            return Devices.CudaCount > 0 ? Cuda(0) : Cpu;
        return Devices.TryParse(name, out var word) && (int)(word >> 32) is var kind && kind != Libtorch.Meta
            ? kind == Libtorch.Cuda ? Cuda(Math.Max(0, (int)(uint)word)) : Cpu
            : throw new EspalierException($"{option} is '{name}'; it must be auto, cpu, cuda or cuda:N");
    }

    /// <summary>That of a native tensor, which the caller holds.</summary>
    internal static unsafe Device Of(nint tensor)
    {
        int kind, index;
        Status.Check(Libtorch.DeviceType(tensor, &kind), "a tensor does not say where it is");
        Status.Check(Libtorch.DeviceIndex(tensor, &index), "a tensor does not say where it is");
        return kind == Libtorch.Cpu || kind == Libtorch.Meta || kind == Libtorch.Cuda
            ? new(kind, kind == Libtorch.Cuda ? index : 0)
            : throw new TorchException($"a tensor is on a device of kind {kind}; only cpu, cuda and meta are supported");
    }
}

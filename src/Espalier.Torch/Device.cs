using System.Globalization;
using Espalier.Torch.Native;

namespace Espalier.Torch;

/// <summary>Where a tensor's elements lie, and so where is computed with it.</summary>
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

    /// <summary>That of a native tensor, which the caller holds.</summary>
    internal static unsafe Device Of(nint tensor)
    {
        int kind, index;
        Status.Check(Libtorch.DeviceType(tensor, &kind), "a tensor does not say where it is");
        Status.Check(Libtorch.DeviceIndex(tensor, &index), "a tensor does not say where it is");
        return kind == Libtorch.Cpu || kind == Libtorch.Meta || kind == Libtorch.Cuda
            ? new(kind, kind == Libtorch.Cuda ? index : 0)
            : throw new TorchException($"a tensor is on a device of kind {kind}, which is none of cpu, cuda and meta");
    }
}

namespace Espalier.Torch.Native;

/// <summary>
/// Devices by name, as the dispatcher takes them: the kind in the upper half of a word, the index (−1 for the current one) in the lower.
/// </summary>
internal static class Devices
{
    /// <summary>CUDA devices that this libtorch can use; 0 where it has no part for CUDA.</summary>
    public static unsafe int CudaCount => Libtorch.CudaDevices == null ? 0 : (int)Libtorch.CudaDevices();

    public static bool TryParse(string name, out ulong word)
    {
        var colon = name.IndexOf(':', StringComparison.Ordinal);
        var index = -1;
        var known = colon < 0
            || (int.TryParse(name.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out index) && index < sbyte.MaxValue);
        int? kind = (colon < 0 ? name : name[..colon]) switch
        {
            "cpu" => Libtorch.Cpu,
            "cuda" => Libtorch.Cuda,
            "meta" => Libtorch.Meta,
            _ => null,
        };
        word = (ulong)(kind ?? 0) << 32 | (uint)index;
        return known && kind is not null;
    }
}

namespace Espalier.Torch.Kernels;

/// <summary>What kernels say about arguments that do not fit.</summary>
internal static class KernelErrors
{
    /// <summary>The shape as errors show it.</summary>
    public static string Sizes(Tensor tensor) => $"[{string.Join(", ", tensor.Shape.ToArray())}]";

    /// <summary>The error, with the kernel's name before it.</summary>
    public static TorchException Of(string kernel, string what) => new($"{kernel}: {what}");
}

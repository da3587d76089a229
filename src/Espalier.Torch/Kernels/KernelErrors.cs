namespace Espalier.Torch.Kernels;

/// <summary>What kernels say about arguments that do not fit.</summary>
internal static class KernelErrors
{
    public static string Sizes(Tensor tensor) => $"[{string.Join(", ", tensor.Shape.ToArray())}]";

    /// <summary>The error, with the kernel's name before it.</summary>
    public static TorchException Of(string kernel, string what) => new($"{kernel}: {what}");

    /// <summary>Throws where a tensor is of another type or shape than a kernel takes.</summary>
    public static void Must(string kernel, string name, Tensor tensor, DType dtype, params ReadOnlySpan<long> shape)
    {
        if (tensor.DType != dtype || !tensor.Shape.SequenceEqual(shape))
            throw Of(kernel, $"{name} is {tensor.DType} {Sizes(tensor)}; it must be {dtype} [{string.Join(", ", shape.ToArray())}]");
    }
}

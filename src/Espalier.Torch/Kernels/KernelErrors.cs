namespace Espalier.Torch.Kernels;

/// <summary>What kernels say about arguments that do not fit.</summary>
internal static unsafe class KernelErrors
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

    /// <summary>Throws where a document [B, T] begins after its token, before 0 or before that of the token before.</summary>
    public static void MustBegin(string kernel, long* begins, long B, long T, long past = 0)
    {
        for (var b = 0L; b < B; b++)
        {
            var least = 0L;
            for (var t = 0L; t < T; t++)
            {
                var begin = begins[b * T + t];
                if (begin < least || begin > past + t)
                    throw Of(kernel, $"a document of sample {b} begins at {begin} for token {t}, it must be from {least} to {past + t}");
                least = begin;
            }
        }
    }
}

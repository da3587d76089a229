namespace Espalier.Torch.Kernels;

/// <summary>Which tensors the kernels take; all else is computed by libtorch's operators.</summary>
internal static class KernelTypes
{
    extension(Tensor tensor)
    {
        /// <summary>Whether the kernels of a decoder take this tensor: float32 on the processor.</summary>
        public bool IsForwardFused => tensor.DType == DType.Float32 && tensor.IsOnCpu;

        /// <summary>The same of those that write where it lies.</summary>
        public bool IsFusedInOrder => tensor.IsForwardFused && tensor.IsContiguous;

        /// <summary>Whether the kernels that take bfloat16, too, take this tensor.</summary>
        public bool IsFusedNarrow => tensor.DType is DType.Float32 or DType.BFloat16 && tensor.IsOnCpu;

        /// <summary>
        /// Whether losses take it: logits may be bfloat16, and are computed in float32, a row at a time; between rows may be anything.
        /// </summary>
        public bool IsRowsOfLogits => tensor.IsFusedNarrow && tensor.LiesInRows;

        /// <summary>Whether the kernels that importance asks take it: float32 or float64 on the processor.</summary>
        public bool IsFusedWide => tensor.DType is DType.Float32 or DType.Float64 && tensor.IsOnCpu;
    }
}

using System.Runtime.InteropServices;
using Espalier.Torch.Dispatch;
using Espalier.Torch.Native;

namespace Espalier.Torch.Operators;

/// <summary>Writes a piece of a tensor's values.</summary>
/// <param name="first">Index of the first one, in the order of the shape.</param>
/// <param name="values">The span to fill.</param>
public delegate void WriteValues<T>(long first, Span<T> values) where T : unmanaged;

/// <summary>Values into tensors and out of them.</summary>
public static unsafe class TensorData
{
    extension(Tensor)
    {
        /// <summary>A tensor with a copy of the values, in the order of the shape.</summary>
        public static Tensor From<T>(ReadOnlySpan<T> values, params ReadOnlySpan<long> shape) where T : unmanaged
        {
            fixed (T* data = values)
                return FromMemory(data, (long)values.Length * sizeof(T), DTypes.Of<T>(), shape);
        }

        /// <summary>A tensor with a copy of the bytes, read as elements of <paramref name="dtype"/>.</summary>
        public static Tensor FromBytes(ReadOnlySpan<byte> bytes, DType dtype, params ReadOnlySpan<long> shape)
        {
            fixed (byte* data = bytes)
                return FromMemory(data, bytes.Length, dtype, shape);
        }

        /// <summary>
        /// A tensor on the processor whose values are written where they will lie, in the order of the shape: no second copy of them is
        /// ever in memory.
        /// </summary>
        /// <param name="shape">Its sizes.</param>
        /// <param name="write">
        /// Writes values from an index on, as many as the span is long; what it leaves out is undefined. Called piece after piece, for a
        /// span holds no more than 2³¹ values. Where it throws, there is no tensor.
        /// </param>
        /// <param name="piece">Values of a piece at most.</param>
        public static Tensor FromWriter<T>(ReadOnlySpan<long> shape, WriteValues<T> write, int piece = 1 << 26) where T : unmanaged
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(piece, 1);
            var tensor = Tensor.Empty(DTypes.Of<T>(), shape);
            try
            {
                using var held = new HeldTensor(tensor);
                var place = (T*)TensorFacts.Data(held.Native);
                for (long first = 0, count = tensor.ElementCount; first < count; first += piece)
                    write(first, new(place + first, (int)Math.Min(piece, count - first)));
                return tensor;
            }
            catch
            {
                tensor.Dispose();
                throw;
            }
        }
    }

    /// <summary>The values in the order of the shape. Waits for the device. No gradient.</summary>
    /// <exception cref="TorchException">There are more than an array holds.</exception>
    public static T[] ToArray<T>(this Tensor tensor) where T : unmanaged
    {
        if (tensor.ElementCount > Array.MaxLength)
            throw new TorchException(
                $"the tensor has {tensor.ElementCount} elements, but an array holds at most {Array.MaxLength}; copy it in pieces");
        var values = new T[tensor.ElementCount];
        tensor.CopyTo(values.AsSpan());
        return values;
    }

    /// <summary>Copies the values out; the span's length and element type must be the tensor's.</summary>
    public static void CopyTo<T>(this Tensor tensor, Span<T> values) where T : unmanaged
    {
        tensor.Check<T>();
        fixed (T* data = values)
            tensor.CopyAllOut(data, (long)values.Length * sizeof(T));
    }

    /// <summary>Overwrites the values; the span's length and element type must be the tensor's. Not recorded.</summary>
    public static void CopyFrom<T>(this Tensor tensor, ReadOnlySpan<T> values) where T : unmanaged
    {
        tensor.Check<T>();
        fixed (T* data = values)
            tensor.CopyAllIn(data, (long)values.Length * sizeof(T));
    }

    /// <summary>Copies the raw bytes out, in the order of the shape.</summary>
    public static void CopyBytesTo(this Tensor tensor, Span<byte> bytes)
    {
        fixed (byte* data = bytes)
            tensor.CopyAllOut(data, bytes.Length);
    }

    /// <summary>
    /// Copies values out from one on, in the order of the shape: as many as the span is long, of the tensor's element type.
    /// </summary>
    /// <param name="tensor">The tensor.</param>
    /// <param name="first">Index of the first one.</param>
    /// <param name="values">Receives them; less than 2 GiB.</param>
    public static void CopyTo<T>(this Tensor tensor, long first, Span<T> values) where T : unmanaged
    {
        tensor.Check<T>();
        tensor.CopyBytesTo(first * sizeof(T), MemoryMarshal.AsBytes(values));
    }

    /// <summary>
    /// Copies raw bytes out from a place on, in the order of the shape: as many as the span is long, which may be shorter than a tensor of
    /// 2 GiB and more.
    /// </summary>
    /// <param name="tensor">The tensor.</param>
    /// <param name="first">The first byte to copy.</param>
    /// <param name="bytes">Receives them.</param>
    public static void CopyBytesTo(this Tensor tensor, long first, Span<byte> bytes)
    {
        tensor.CheckPiece(first, bytes.Length);
        fixed (byte* data = bytes)
            tensor.CopyOut(first, data, bytes.Length);
    }

    /// <summary>Overwrites raw bytes from a place on. Not recorded.</summary>
    /// <param name="tensor">The tensor.</param>
    /// <param name="first">The first byte that is overwritten.</param>
    /// <param name="bytes">What is written.</param>
    /// <exception cref="TorchException">The tensor is not contiguous.</exception>
    public static void CopyBytesFrom(this Tensor tensor, long first, ReadOnlySpan<byte> bytes)
    {
        tensor.CheckPiece(first, bytes.Length);
        if (!tensor.IsContiguous)
            throw new TorchException("only a contiguous tensor can be written in pieces");
        fixed (byte* data = bytes)
            tensor.CopyIn(first, data, bytes.Length);
    }

    /// <summary>The single value of a tensor with one element, as a double. Waits for the device.</summary>
    public static double Item(this Tensor tensor)
    {
        if (tensor.ElementCount != 1)
            throw new TorchException($"Item needs a tensor with one element; this one has {tensor.ElementCount}");
        double number;
        using var wide = tensor.DType == DType.Float64 ? null : Ops.To.Call(tensor, DType.Float64).Unscoped();
        (wide ?? tensor).CopyAllOut(&number, sizeof(double));
        return number;
    }

    private static Tensor FromMemory(void* data, long bytes, DType dtype, ReadOnlySpan<long> shape)
    {
        CheckBytes(MemoryOps.BytesOf(dtype, shape), bytes);
        var tensor = Tensor.Empty(dtype, shape);
        tensor.CopyIn(0, data, bytes);
        return tensor;
    }

    private static void CheckBytes(long wanted, long bytes)
    {
        if (wanted != bytes)
            throw new TorchException($"the tensor has {wanted} bytes but the buffer has {bytes}");
    }

    private static void CheckPiece(this Tensor tensor, long first, long bytes)
    {
        var all = tensor.ElementCount * tensor.DType.Size();
        if (first < 0 || first > all - bytes)
            throw new TorchException($"the tensor has {all} bytes; a range of {bytes} bytes from byte {first} exceeds it");
    }

    private static void CopyAllOut(this Tensor tensor, void* data, long bytes)
    {
        CheckBytes(tensor.ElementCount * tensor.DType.Size(), bytes);
        tensor.CopyOut(0, data, bytes);
    }

    private static void CopyOut(this Tensor tensor, long first, void* data, long bytes)
    {
        if (bytes == 0)
            return;
        using var noGrad = GradMode.Disable();
        using var scope = TensorScope.Begin();
        var there = tensor.IsContiguous ? tensor : tensor.Contiguous();
        // Nothing but the piece crosses over.
        if (!tensor.IsOnCpu)
            (there, first) = (Ops.To.Call(there.Bytes(first, bytes), Argument.None, Argument.None, Device.Cpu), 0);
        using var held = new HeldTensor(there);
        Buffer.MemoryCopy((byte*)TensorFacts.Data(held.Native) + first, data, bytes, bytes);
    }

    private static void CopyAllIn(this Tensor tensor, void* data, long bytes)
    {
        CheckBytes(tensor.ElementCount * tensor.DType.Size(), bytes);
        if (tensor.IsContiguous)
        {
            tensor.CopyIn(0, data, bytes);
            return;
        }
        using var noGrad = GradMode.Disable();
        using var values = FromMemory(data, bytes, tensor.DType, tensor.Shape).Unscoped();
        tensor.CopyInPlace(values);
    }

    // Into a contiguous tensor.
    private static void CopyIn(this Tensor tensor, long first, void* data, long bytes)
    {
        if (bytes > 0 && tensor.IsOnCpu)
        {
            using var held = new HeldTensor(tensor);
            Buffer.MemoryCopy(data, (byte*)TensorFacts.Data(held.Native) + first, bytes, bytes);
        }
        else if (bytes > 0)
        {
            using var noGrad = GradMode.Disable();
            using var scope = TensorScope.Begin();
            tensor.Bytes(first, bytes).CopyInPlace(FromMemory(data, bytes, DType.UInt8, [bytes]));
        }
        tensor.Written();
    }

    // A view of a contiguous tensor.
    private static Tensor Bytes(this Tensor tensor, long first, long length) =>
        MemoryOps.ViewAs.Call(tensor.View(-1), DType.UInt8).Slice(0, first, first + length);

    private static void Check<T>(this Tensor tensor) where T : unmanaged
    {
        if (DTypes.Of<T>() != tensor.DType)
            throw new TorchException($"the tensor is {tensor.DType} but the buffer is {DTypes.Of<T>()}");
    }
}

using System.Runtime.InteropServices;
using Espalier.Torch.Dispatch;
using Espalier.Torch.Native;

namespace Espalier.Torch.Kernels;

/// <summary>
/// The memory of a tensor for the length of a kernel: the one place that knows where elements lie. The tensor cannot be freed by another
/// thread meanwhile; a copy that had to be made goes with the operand.
/// </summary>
internal readonly unsafe ref struct Operand
{
    // Both are the tensor's own, and good while it is held.
    private readonly void* _data;
    private readonly long* _steps;
    private readonly bool _isCopy, _isGuarded;

    private Operand(Tensor tensor, bool isCopy = false, bool isGuarded = false)
    {
        (Tensor, _isCopy, _isGuarded) = (tensor, isCopy, isGuarded);
        var handle = tensor.Hold();
        try
        {
            _data = TensorFacts.Data(handle);
            fixed (long* steps = TensorFacts.Strides(handle))
                _steps = steps;
        }
        catch
        {
            tensor.Release();
            throw;
        }
    }

    /// <summary>The tensor, or its copy.</summary>
    public Tensor Tensor { get; }

    public void* Data => _data;

    /// <summary>The first element of a tensor of float32.</summary>
    public float* Floats => (float*)_data;

    /// <summary>The first element of a tensor of float64.</summary>
    public double* Doubles => (double*)_data;

    /// <summary>The first element of a tensor of Int64.</summary>
    public long* Longs => (long*)_data;

    /// <summary>Elements between neighbours of a dimension.</summary>
    public long Step(int dimension) => _steps[dimension];

    public static Operand Of(Tensor tensor) => new(tensor);

    /// <summary>The tensor with its elements in the order of the shape; a copy where they are not.</summary>
    public static Operand InOrder(Tensor tensor) => tensor.IsContiguous ? new(tensor) : Copy(tensor);

    /// <summary>The tensor with the last dimension's elements side by side; a copy where they are not.</summary>
    public static Operand InRows(Tensor tensor)
    {
        var there = new Operand(tensor);
        if (there.Step(tensor.Dimensions - 1) == 1 || tensor.Size(-1) <= 1)
            return there;
        there.Dispose();
        return Copy(tensor);
    }

    /// <summary>
    /// A new tensor to write, in order, which the caller owns; with ESPALIER_GUARD=1 between canaries, which are looked at when the kernel
    /// is done.
    /// </summary>
    public static Operand Result(DType dtype, params ReadOnlySpan<long> shape) =>
        GuardMode.IsOn ? new(Canaries.Around(dtype, shape), isGuarded: true) : new(MemoryOps.Empty(dtype, Device.Cpu, shape));

    /// <summary>A new tensor for what a kernel computes on the way; it goes with the operand.</summary>
    public static Operand Own(DType dtype, params ReadOnlySpan<long> shape)
    {
        using var noGrad = GradMode.Disable();
        return new(MemoryOps.Empty(dtype, Device.Cpu, shape), isCopy: true);
    }

    /// <summary>Sets all elements to zero, of a tensor in order.</summary>
    public void Clear() => NativeMemory.Clear(Data, (nuint)(Tensor.ElementCount * Tensor.DType.Size()));

    /// <summary>Gives the memory free again.</summary>
    public void Dispose()
    {
        var broken = _isGuarded && Data != null ? Canaries.Broken((byte*)Data, Tensor) : null;
        Tensor.Release();
        if (_isCopy)
            Tensor.Dispose();
        if (broken is not null)
            throw new InvalidOperationException(broken);
    }

    private static Operand Copy(Tensor tensor)
    {
        using var noGrad = GradMode.Disable();
        return new(MemoryOps.Contiguous.Call(tensor), isCopy: true);
    }
}

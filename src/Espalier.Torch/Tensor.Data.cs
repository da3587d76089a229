using Espalier.Torch.Native;

namespace Espalier.Torch;

public sealed unsafe partial class Tensor
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

    /// <summary>The values in the order of the shape. Waits for the device. No gradient.</summary>
    public T[] ToArray<T>() where T : unmanaged
    {
        var values = new T[ElementCount];
        CopyTo(values.AsSpan());
        return values;
    }

    /// <summary>Copies the values out; the span's length and element type must be the tensor's.</summary>
    public void CopyTo<T>(Span<T> values) where T : unmanaged
    {
        Check<T>();
        fixed (T* data = values)
            NativeMethods.esp_tensor_copy_out(_handle, data, (long)values.Length * sizeof(T));
    }

    /// <summary>Overwrites the values; the span's length and element type must be the tensor's. Not recorded.</summary>
    public void CopyFrom<T>(ReadOnlySpan<T> values) where T : unmanaged
    {
        Check<T>();
        fixed (T* data = values)
            NativeMethods.esp_tensor_copy_in(_handle, data, (long)values.Length * sizeof(T));
        Written();
    }

    /// <summary>Copies the raw bytes out, in the order of the shape.</summary>
    public void CopyBytesTo(Span<byte> bytes)
    {
        fixed (byte* data = bytes)
            NativeMethods.esp_tensor_copy_out(_handle, data, bytes.Length);
    }

    /// <summary>Overwrites the raw bytes, in the order of the shape. Not recorded.</summary>
    public void CopyBytesFrom(ReadOnlySpan<byte> bytes)
    {
        fixed (byte* data = bytes)
            NativeMethods.esp_tensor_copy_in(_handle, data, bytes.Length);
        Written();
    }

    /// <summary>The single value of a tensor with one element, as a double. Waits for the device.</summary>
    public double Item() => Ops.Item.CallNumber(this);

    private static Tensor FromMemory(void* data, long bytes, DType dtype, ReadOnlySpan<long> shape)
    {
        NativeLoader.EnsureLoaded();
        nint tensor;
        fixed (long* sizes = shape)
            NativeMethods.esp_tensor_from_data(data, bytes, (int)dtype, sizes, shape.Length, &tensor);
        return Adopt(tensor);
    }

    private void Check<T>() where T : unmanaged
    {
        if (DTypes.Of<T>() != DType)
            throw new TorchException($"the tensor is {DType} and the buffer {DTypes.Of<T>()}");
    }
}

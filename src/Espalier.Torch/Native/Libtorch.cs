using System.Runtime.CompilerServices;
using static Espalier.Torch.Native.LibtorchLoader;

[assembly: DisableRuntimeMarshalling]

namespace Espalier.Torch.Native;

/// <summary>
/// The functions of libtorch's stable C ABI that are called here, looked up when the first is used. Signatures as in
/// <c>torch/csrc/stable/c/shim.h</c> and
/// <c>torch/csrc/inductor/aoti_torch/c/shim.h</c>; every int that is returned is a status, 0 for success.
/// </summary>
internal static unsafe class Libtorch
{
    // Operators; the last argument is the version whose schemas and words are meant.
    public static readonly delegate* unmanaged<byte*, byte*, ulong*, ulong, int> CallDispatcher =
        (delegate* unmanaged<byte*, byte*, ulong*, ulong, int>)Export("torch_call_dispatcher");
    public static readonly delegate* unmanaged<nint, nint, double, nint*, int> Subtract =
        (delegate* unmanaged<nint, nint, double, nint*, int>)Export("aoti_torch_aten_subtract_Tensor");

    public static readonly delegate* unmanaged<nint, nint, nint*, byte*, double**, long, byte**, nint*, int> LinearPointwise =
        (delegate* unmanaged<nint, nint, nint*, byte*, double**, long, byte**, nint*,
            int>)TryExport("aoti_torch_cpu__linear_pointwise"); // with oneDNN

    // Values of the dispatcher.
    public static readonly delegate* unmanaged<nuint, nint*, int> NewList =
        (delegate* unmanaged<nuint, nint*, int>)Export("torch_new_list_reserve_size");
    public static readonly delegate* unmanaged<nint, ulong, int> PushBack =
        (delegate* unmanaged<nint, ulong, int>)Export("torch_list_push_back");
    public static readonly delegate* unmanaged<ulong**, int> NewOptional =
        (delegate* unmanaged<ulong**, int>)TryExport("torch_new_stable_ivalue"); // since 2.13

    // Tensors.
    public static readonly delegate* unmanaged<nint, int> DeleteTensor =
        (delegate* unmanaged<nint, int>)Export("aoti_torch_delete_tensor_object");
    public static readonly delegate* unmanaged<long, long*, long*, int, int, int, nint*, int> Empty =
        (delegate* unmanaged<long, long*, long*, int, int, int, nint*, int>)Export("aoti_torch_empty_strided");
    public static readonly delegate* unmanaged<void*, long, long*, long*, long, int, int, int, nint*, int> TensorOver =
        (delegate* unmanaged<void*, long, long*, long*, long, int, int, int, nint*, int>)Export("aoti_torch_create_tensor_from_blob");
    public static readonly delegate* unmanaged<double, nint*, int> NumberOfDouble =
        (delegate* unmanaged<double, nint*, int>)Export("aoti_torch_scalar_to_tensor_float64");
    public static readonly delegate* unmanaged<float, nint*, int> NumberOfFloat =
        (delegate* unmanaged<float, nint*, int>)Export("aoti_torch_scalar_to_tensor_float32");
    public static readonly delegate* unmanaged<long, nint*, int> NumberOfLong =
        (delegate* unmanaged<long, nint*, int>)Export("aoti_torch_scalar_to_tensor_int64");

    // What a tensor says of itself, written to where the second argument points: the type is with each.
    public static readonly delegate* unmanaged<nint, void*, int> NewHandle = Question("aoti_torch_new_tensor_handle"); // a handle
    public static readonly delegate* unmanaged<nint, void*, int> Dimensions = Question("aoti_torch_get_dim"); // long
    public static readonly delegate* unmanaged<nint, void*, int> Elements = Question("aoti_torch_get_numel"); // long
    public static readonly delegate* unmanaged<nint, void*, int> Sizes = Question("aoti_torch_get_sizes"); // long*
    public static readonly delegate* unmanaged<nint, void*, int> Strides = Question("aoti_torch_get_strides"); // long*
    public static readonly delegate* unmanaged<nint, void*, int> ElementType = Question("aoti_torch_get_dtype"); // int
    public static readonly delegate* unmanaged<nint, void*, int> DeviceType = Question("aoti_torch_get_device_type"); // int
    public static readonly delegate* unmanaged<nint, void*, int> DeviceIndex = Question("aoti_torch_get_device_index"); // int
    public static readonly delegate* unmanaged<nint, void*, int> DataPointer = Question("aoti_torch_get_data_ptr"); // void*
    public static readonly delegate* unmanaged<nint, void*, int> IsContiguous = Question("aoti_torch_is_contiguous"); // byte

    // Devices.
    public static readonly int Cpu = ((delegate* unmanaged<int>)Export("aoti_torch_device_type_cpu"))();
    public static readonly int Cuda = ((delegate* unmanaged<int>)Export("aoti_torch_device_type_cuda"))();
    public static readonly int Meta = ((delegate* unmanaged<int>)Export("aoti_torch_device_type_meta"))();

    // Threads.
    public static readonly delegate* unmanaged<byte, void> SetGradMode =
        (delegate* unmanaged<byte, void>)Export("aoti_torch_grad_mode_set_enabled");
    public static readonly delegate* unmanaged<uint*, int> ThreadCount = (delegate* unmanaged<uint*, int>)Export("torch_get_num_threads");
    public static readonly delegate* unmanaged<long, long, long, delegate* unmanaged<long, long, void*, void>, void*, int> ParallelFor =
        (delegate* unmanaged<long, long, long, delegate* unmanaged<long, long, void*, void>, void*, int>)Export("torch_parallel_for");

    // What went wrong; before 2.13 libtorch tells its log alone.
    public static readonly delegate* unmanaged<byte*> LastError =
        (delegate* unmanaged<byte*>)TryExport("torch_exception_get_what_without_backtrace");

    // Not of the C ABI, which cannot do these: C++ functions that every libtorch exports under these names. Each has a way without it.
    public static readonly delegate* unmanaged<int, void> SetThreadCount =
        (delegate* unmanaged<int, void>)TryExport("_ZN2at15set_num_threadsEi");
    public static readonly delegate* unmanaged<nint> Context = (delegate* unmanaged<nint>)TryExport("_ZN2at13globalContextEv");
    public static readonly delegate* unmanaged<nint, byte, byte> FlushDenormals =
        (delegate* unmanaged<nint, byte, byte>)TryExport("_ZN2at7Context16setFlushDenormalEb");
    public static readonly delegate* unmanaged<nuint> CudaDevices = (delegate* unmanaged<nuint>)TryExport("_ZN5torch4cuda12device_countEv");
    public static readonly delegate* unmanaged<nint, byte, byte, void> Deterministic =
        (delegate* unmanaged<nint, byte, byte, void>)TryExport("_ZN2at7Context26setDeterministicAlgorithmsEbb");

    private static delegate* unmanaged<nint, void*, int> Question(string name) => (delegate* unmanaged<nint, void*, int>)Export(name);
}

using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

[assembly: DisableRuntimeMarshalling]

namespace Espalier.Torch.Native;

/// <summary>The exports of <c>native/binding/espalier.h</c>, in its order and with its names; a test compares the two.</summary>
internal static unsafe partial class NativeMethods
{
    public const string Library = "espalier";
    public const int AbiVersion = 2;

    static NativeMethods() => NativeLoader.Prepare();

    // error.cpp
    [LibraryImport(Library)] internal static partial int esp_abi_version();
    [LibraryImport(Library)] internal static partial nint esp_last_error();

    // operators.cpp
    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)] internal static partial Status esp_op_find(string name, string overload, nint* op);
    [LibraryImport(Library)] internal static partial Status esp_op_schema(nint op, byte* text, int capacity, int* length);
    [LibraryImport(Library)] internal static partial Status esp_op_call(nint op, NativeValue* arguments, int argumentCount, NativeValue* results, int capacity, int* resultCount);

    // tensors.cpp
    [LibraryImport(Library)] internal static partial void esp_tensor_free(nint tensor);
    [LibraryImport(Library)] internal static partial long esp_tensor_live_count();
    [LibraryImport(Library)] internal static partial Status esp_tensor_from_data(void* data, long bytes, int dtype, long* sizes, int dimensions, nint* tensor);
    [LibraryImport(Library)] internal static partial Status esp_tensor_describe(TensorHandle tensor, NativeTensorInfo* info);
    [LibraryImport(Library)] internal static partial Status esp_tensor_copy_out(TensorHandle tensor, void* data, long bytes);
    [LibraryImport(Library)] internal static partial Status esp_tensor_copy_in(TensorHandle tensor, void* data, long bytes);
    [LibraryImport(Library)] internal static partial Status esp_tensor_placement(nint tensor, Placement* placement);

    // runtime.cpp
    [LibraryImport(Library)] internal static partial nint esp_torch_version();
    [LibraryImport(Library)] internal static partial Status esp_threads(int* count);
    [LibraryImport(Library)] internal static partial Status esp_set_threads(int count);
    [LibraryImport(Library)] internal static partial Status esp_parallel_for(long begin, long end, long grain, delegate* unmanaged[Cdecl]<long, long, void*, void> body, void* context);
    [LibraryImport(Library)] internal static partial Status esp_manual_seed(ulong seed);
    [LibraryImport(Library)] internal static partial Status esp_flush_denormals(int enabled, int* supported);
    [LibraryImport(Library)] internal static partial Status esp_has_cuda(int* available);
    [LibraryImport(Library)] internal static partial Status esp_blas_kernel(byte* text, int capacity, int* length);
    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)] internal static partial Status esp_library_path(string symbol, byte* text, int capacity, int* length);
}

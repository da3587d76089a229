using System.Runtime.InteropServices;
using System.Text;
using Espalier.Torch.Native;

namespace Espalier.Torch;

/// <summary>The process-wide settings of libtorch, and what it is.</summary>
public static unsafe class TorchRuntime
{
    internal delegate void TextSource(nint text, int capacity, nint length);

    /// <summary>libtorch's version, such as 1.13.1.</summary>
    public static string Version
    {
        get
        {
            NativeLoader.EnsureLoaded();
            return Marshal.PtrToStringUTF8(NativeMethods.esp_torch_version()) ?? "";
        }
    }

    /// <summary>Threads inside an operator. Results repeat bit for bit at a fixed count.</summary>
    public static int Threads
    {
        get
        {
            NativeLoader.EnsureLoaded();
            int count;
            NativeMethods.esp_threads(&count);
            return count;
        }

        set
        {
            NativeLoader.EnsureLoaded();
            NativeMethods.esp_set_threads(value);
        }
    }

    /// <summary>Tensors alive on the native side: what a test compares before and after.</summary>
    public static long LiveTensors
    {
        get
        {
            NativeLoader.EnsureLoaded();
            return NativeMethods.esp_tensor_live_count();
        }
    }

    /// <summary>Tensors that the garbage collector had to free because nobody disposed them: zero in a correct program.</summary>
    public static long LeakedTensors => TensorHandle.FinalizedCount;

    /// <summary>Whether the allocator was set to keep freed memory.</summary>
    public static bool KeepsMemory => Allocator.Kept;

    /// <summary>Whether a CUDA device can be used by this libtorch.</summary>
    public static bool HasCuda
    {
        get
        {
            NativeLoader.EnsureLoaded();
            int available;
            NativeMethods.esp_has_cuda(&available);
            return available != 0;
        }
    }

    /// <summary>The kernel that OpenBLAS chose, such as SkylakeX; empty where BLAS is another library.</summary>
    public static string BlasKernelName
    {
        get
        {
            NativeLoader.EnsureLoaded();
            return ReadText((text, capacity, length) => NativeMethods.esp_blas_kernel((byte*)text, capacity, (int*)length));
        }
    }

    /// <summary>The file of the library that defines a symbol, such as the BLAS behind <c>sgemm_</c>; empty when none does.</summary>
    public static string LibraryOf(string symbol)
    {
        NativeLoader.EnsureLoaded();
        return ReadText((text, capacity, length) => NativeMethods.esp_library_path(symbol, (byte*)text, capacity, (int*)length));
    }

    /// <summary>The file of our own native library.</summary>
    public static string NativeLibraryPath => NativeLoader.Find();

    /// <summary>Seeds libtorch's own generator.</summary>
    public static void ManualSeed(ulong seed)
    {
        NativeLoader.EnsureLoaded();
        NativeMethods.esp_manual_seed(seed);
    }

    /// <summary>
    /// The one place where a process is made ready: threads (all processors unless given), denormals flushed to zero on this
    /// thread and those that operators start, and the seed of libtorch's generator.
    /// </summary>
    public static void Start(int? threads = null, ulong seed = 0)
    {
        NativeLoader.EnsureLoaded();
        int supported;
        NativeMethods.esp_flush_denormals(1, &supported);
        Threads = threads ?? Environment.ProcessorCount;
        ManualSeed(seed);
    }

    internal static string ReadText(TextSource read)
    {
        int length;
        read(0, 0, (nint)(&length));
        var bytes = new byte[length];
        fixed (byte* text = bytes)
            read((nint)text, bytes.Length, (nint)(&length));
        return Encoding.UTF8.GetString(bytes);
    }
}

using Espalier.Torch.Native;
using Espalier.Torch.Operators;

namespace Espalier.Torch;

/// <summary>The process-wide settings of libtorch, and what it is.</summary>
public static unsafe class TorchRuntime
{
    /// <summary>Environment variable that names the default device.</summary>
    internal const string DeviceVariable = "ESPALIER_DEVICE";

    private const int MostThreads = 1024;

    /// <summary>libtorch's version, such as 2.10.0.</summary>
    public static string Version => LibtorchLoader.Version;

    /// <summary>The file of libtorch.</summary>
    public static string LibraryFile => LibtorchLoader.Folder.Library;

    /// <summary>How that file was found.</summary>
    internal static LibtorchSource LibrarySource => LibtorchLoader.Folder.Source;

    /// <summary>
    /// Threads inside an operator, for the calling thread and those that have not computed yet; one that has keeps its number. Results
    /// repeat bit for bit at a fixed count.
    /// </summary>
    public static int Threads
    {
        get => ComputeThread.Threads;
        set
        {
            if (value is < 1 or > MostThreads)
                throw new TorchException($"threads must be 1 to {MostThreads}, not {value}");
            if (Libtorch.SetThreadCount != null)
            {
                Libtorch.SetThreadCount(value);
                ComputeThread.Changed(value);
            }
            else if (Threads != value)
                throw new TorchException(
                    $"libtorch {Version} cannot change its number of threads: set OMP_NUM_THREADS={value} before the program starts");
        }
    }

    /// <summary>Tensors alive on the native side: what a test compares before and after.</summary>
    public static long LiveTensors => TensorHandle.LiveCount;

    /// <summary>Tensors that the garbage collector had to free because they were never disposed: zero in a correct program.</summary>
    public static long LeakedTensors => TensorHandle.FinalizedCount;

    /// <summary>Whether numbers too small for full precision are zero in operators, as they should be for speed.</summary>
    public static bool FlushesDenormals { get; private set; }

    /// <summary>CUDA devices that this libtorch can use; 0 where it has no part for CUDA.</summary>
    public static int CudaDevices => Libtorch.CudaDevices == null ? 0 : (int)Libtorch.CudaDevices();

    /// <summary>Where models are loaded to, and so computed, unless their caller says otherwise: the processor unless set.</summary>
    public static Device Device { get; private set; }

    /// <summary>
    /// The one place where a process is made ready: threads (all processors unless given), the device, and denormals flushed to zero on
    /// this thread and those that operators start.
    /// </summary>
    /// <param name="threads">Threads inside an operator.</param>
    /// <param name="device">
    /// Where models are loaded to: <c>cpu</c>, <c>cuda</c> (the first CUDA device), <c>cuda:1</c>, or <c>auto</c>, the first CUDA device
    /// where there is one and else the processor. Null is what the environment's <c>ESPALIER_DEVICE</c> names, else the processor.
    /// </param>
    /// <exception cref="EspalierException">
    /// The device is not there, and the message says what is; or <c>ESPALIER_PRODUCTS</c> names no library.
    /// </exception>
    public static void Start(int? threads = null, string? device = null)
    {
        LibtorchLoader.EnsureReady();
        // A wrong name in the environment is refused by whoever starts, and not by the first product alone.
        _ = Products.Library;
        FlushesDenormals = FlushDenormals();
        Threads = threads ?? Environment.ProcessorCount;
        var named = Environment.GetEnvironmentVariable(DeviceVariable) is { Length: > 0 } value ? value : "cpu";
        Device = Usable(Torch.Device.Parse(device ?? named, device is null ? DeviceVariable : "device"));
        // A run repeats its bits on a GPU too: sums whose order is left to chance are replaced where libtorch has another way, and said
        // in its log where it has none.
        if (Device.IsCuda && Libtorch.Deterministic != null)
            Libtorch.Deterministic(Libtorch.Context(), 1, 1);
    }

    private static Device Usable(Device device)
    {
        if (!device.IsCuda || device.Index < CudaDevices)
            return device;
        var why = CudaDevices > 0 ? $"this libtorch sees {CudaDevices} CUDA device{(CudaDevices == 1 ? "" : "s")}, from cuda:0"
            : LibtorchLoader.WithoutCuda
            ?? $"libtorch {Version} sees no CUDA device; install NVIDIA's driver and set "
                + $"{LibtorchFolder.Variable} to a libtorch built for CUDA";
        throw new EspalierException($"{device} cannot be used: {why}");
    }

    /// <summary>Waits until the device has done what it was given: before a clock is read. The processor always has.</summary>
    internal static void Synchronize()
    {
        if (Device.IsCpu)
            return;
        using var scope = TensorScope.Begin();
        _ = Tensor.Zeros(DType.Float32, Device, 1).Item();
    }

    /// <summary>Prepares a thread that computes with this many threads, with the process's settings.</summary>
    internal static void Prepare(int threads)
    {
        if (FlushesDenormals)
            FlushDenormals();
        Threads = threads;
        ComputeThread.MakeReady();
    }

    // Threads inherit it from the one that starts them.
    private static bool FlushDenormals() =>
        Libtorch.Context != null && Libtorch.FlushDenormals != null && Libtorch.FlushDenormals(Libtorch.Context(), 1) != 0;
}

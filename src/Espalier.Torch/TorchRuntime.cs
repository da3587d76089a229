using Espalier.Torch.Native;

namespace Espalier.Torch;

/// <summary>The process-wide settings of libtorch, and what it is.</summary>
public static unsafe class TorchRuntime
{
    private const int MostThreads = 1024;

    /// <summary>libtorch's version, such as 2.10.0.</summary>
    public static string Version => Loaded(() => LibtorchLoader.Version);

    /// <summary>The file of libtorch.</summary>
    public static string LibraryFile => Loaded(() => LibtorchLoader.Folder.Library);

    /// <summary>How that file was found.</summary>
    internal static LibtorchSource LibrarySource => Loaded(() => LibtorchLoader.Folder.Source);

    /// <summary>
    /// Threads inside an operator, for the calling thread and those that have not computed yet; one that has keeps its number. Results
    /// repeat bit for bit at a fixed count.
    /// </summary>
    public static int Threads
    {
        get
        {
            uint count;
            Status.Check(Libtorch.ThreadCount(&count), "libtorch does not say how many threads it uses");
            return (int)count;
        }

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
                    $"libtorch {Version} lets nobody choose its threads: set OMP_NUM_THREADS={value} before the program starts");
        }
    }

    /// <summary>Tensors alive on the native side: what a test compares before and after.</summary>
    public static long LiveTensors => TensorHandle.LiveCount;

    /// <summary>Tensors that the garbage collector had to free because nobody disposed them: zero in a correct program.</summary>
    public static long LeakedTensors => TensorHandle.FinalizedCount;

    /// <summary>Whether the allocator was set to keep freed memory.</summary>
    public static bool KeepsMemory => Allocator.Kept;

    /// <summary>Whether numbers too small for full precision are zero in operators, as they should be for speed.</summary>
    public static bool FlushesDenormals { get; private set; }

    /// <summary>Whether a CUDA device can be used by this libtorch.</summary>
    public static bool HasCuda => Libtorch.HasCuda != null && Libtorch.HasCuda() != 0;

    /// <summary>
    /// The one place where a process is made ready: threads (all processors unless given), and denormals flushed to zero on this thread and
    /// those that operators start.
    /// </summary>
    public static void Start(int? threads = null)
    {
        LibtorchLoader.EnsureReady();
        FlushesDenormals = FlushDenormals();
        Threads = threads ?? Environment.ProcessorCount;
    }

    /// <summary>Makes a thread ready that computes with so many threads, and as this process does.</summary>
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

    private static T Loaded<T>(Func<T> fact)
    {
        _ = LibtorchLoader.Library;
        return fact();
    }
}

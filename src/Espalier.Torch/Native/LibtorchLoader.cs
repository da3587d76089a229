using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;

namespace Espalier.Torch.Native;

/// <summary>
/// Loads libtorch once, after what it and its libraries read only once has been set: waiting of threads, log level, allocator.
/// </summary>
internal static unsafe partial class LibtorchLoader
{
    /// <summary>The first version that has what is called here: <c>torch_parallel_for</c>, lists, strings and devices.</summary>
    private const int LeastMajor = 2, LeastMinor = 10;

    /// <summary>That version as libtorch packs it: one byte each from the top.</summary>
    public const ulong Least = (ulong)LeastMajor << 56 | (ulong)LeastMinor << 48;

    private static readonly string s_least = $"{LeastMajor}.{LeastMinor}";
    private static readonly Lazy<Loaded> s_loaded = new(Load);
    private static int s_isForgotten;

    /// <summary>Where it was loaded from.</summary>
    public static LibtorchFolder Folder => s_loaded.Value.Folder;

    /// <summary>libtorch's version, three parts.</summary>
    public static string Version => s_loaded.Value.Version;

    /// <summary>Why this libtorch's part for CUDA could not be loaded; null where it was, or where there is none.</summary>
    public static string? WithoutCuda => s_loaded.Value.WithoutCuda;

    /// <summary>
    /// Loads the library and looks all functions up: what is wrong with it is said by its own error, and not by that of a type that has no
    /// table.
    /// </summary>
    public static void EnsureReady()
    {
        _ = s_loaded.Value;
        try
        {
            RuntimeHelpers.RunClassConstructor(typeof(Libtorch).TypeHandle);
            if (Interlocked.Exchange(ref s_isForgotten, 1) == 0)
                LoadedCode.Forget(Folder.Library);
        }
        catch (TypeInitializationException e) when (e.InnerException is EspalierException reason)
        {
            ExceptionDispatchInfo.Throw(reason);
        }
    }

    /// <exception cref="EspalierException">It has none of this name.</exception>
    public static nint Export(string name) => NativeLibrary.TryGetExport(s_loaded.Value.Library, name, out var address)
        ? address
        : throw Wrong($"{Folder.Library} (libtorch {Version}) has no {name}: this program needs libtorch {s_least} or later");

    /// <summary>A function that not every libtorch has, or null.</summary>
    public static nint TryExport(string name) => NativeLibrary.TryGetExport(s_loaded.Value.Library, name, out var address) ? address : 0;

    private static Loaded Load()
    {
        var folder = LibtorchFolder.Find();
        if (ThreadWaiting.Choice(Environment.GetEnvironmentVariable) is { } spins)
            _ = setenv(ThreadWaiting.Variable, spins, 1);
        // libtorch 2.10 writes what it refuses to its log, with a stack trace: the user gets our own sentence.
        SetUnlessSet("TORCH_CPP_LOG_LEVEL", "FATAL");
        // cuBLAS repeats its bits with workspaces of a fixed size alone, and libtorch asks for that by name.
        SetUnlessSet("CUBLAS_WORKSPACE_CONFIG", ":4096:8");
        Allocator.KeepMemory();

        foreach (var file in Directory.EnumerateFiles(folder.Path, "lib*.so*").Where(file => File.ResolveLinkTarget(file, true)?.Exists != false))
            if (ElfFile.Missing(file) is { } missing)
                throw Wrong(missing);
        var library = Open(folder.Library);
        var version = VersionOf(library, folder);
        // Its log level is read by this alone, which Python calls and nobody here would.
        if (NativeLibrary.TryLoad(Path.Combine(folder.Path, "libc10.so"), out var c10)
            && NativeLibrary.TryGetExport(c10, "_ZN3c1011initLoggingEv", out var initLogging))
            ((delegate* unmanaged<void>)initLogging)();
        // Registers its kernels when it is loaded.
        var cuda = Path.Combine(folder.Path, "libtorch_cuda.so");
        return new(library, folder, version, File.Exists(cuda) ? TryOpen(cuda) : null);
    }

    private static nint Open(string file) =>
        TryOpen(file) is { } wrong ? throw Wrong(wrong) : NativeLibrary.Load(file);

    /// <summary>What keeps a library from being loaded; null where it is loaded now.</summary>
    private static string? TryOpen(string file)
    {
        try
        {
            _ = NativeLibrary.Load(file);
            return null;
        }
        catch (DllNotFoundException e)
        {
            return $"{file} cannot be loaded: {ReasonOf(e.Message, file)}";
        }
    }

    /// <summary>
    /// What the system's loader said: .NET writes a line of general advice before it, and after it one for each other name that it tried.
    /// </summary>
    private static string ReasonOf(string message, string file)
    {
        var lines = message.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        var reason = lines.Length > 1 ? lines[1] : lines[0];
        return reason.StartsWith($"{file}: ", StringComparison.Ordinal) ? reason[(file.Length + 2)..] : reason;
    }

    private static string VersionOf(nint library, LibtorchFolder folder)
    {
        // One byte each from the top: major, minor, patch.
        var packed = NativeLibrary.TryGetExport(library, "aoti_torch_abi_version", out var ask) ? ((delegate* unmanaged<ulong>)ask)() : 0;
        var (major, minor, patch) = ((int)(packed >> 56), (int)(packed >> 48 & 255), (int)(packed >> 40 & 255));
        var version = $"{major}.{minor}.{patch}";
        if (major < LeastMajor || (major == LeastMajor && minor < LeastMinor))
            throw Wrong(
                $"{folder.Library} is libtorch {(packed == 0 ? "2.8 or older" : version)}, and this program needs {s_least} or later");
        return version;
    }

    private static EspalierException Wrong(string what) => new(what) { ExitCode = 1 };

    // .NET's Environment.SetEnvironmentVariable does not reach native getenv.
    private static void SetUnlessSet(string name, string value) => _ = setenv(name, value, 0);

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int setenv(string name, string value, int overwrite);

    private sealed record Loaded(nint Library, LibtorchFolder Folder, string Version, string? WithoutCuda);
}

using System.Reflection;
using System.Runtime.InteropServices;

namespace Espalier.Torch.Native;

/// <summary>
/// Finds <c>libespalier.so</c> and prepares the process for it: what OpenBLAS, OpenMP and the allocator read only once
/// must be set before the library (and with it libtorch) is loaded.
/// </summary>
internal static partial class NativeLoader
{
    /// <summary>Environment variable that names the library's file.</summary>
    public const string PathVariable = "ESPALIER_NATIVE";

    private static readonly Lock Gate = new();
    private static bool _prepared;
    private static volatile bool _loaded;

    /// <summary>Idempotent; called before the first native function.</summary>
    public static void Prepare()
    {
        lock (Gate)
        {
            if (_prepared)
                return;
            SetUnlessSet("OPENBLAS_CORETYPE", BlasKernel.ForThisProcessor());
            if (ThreadWaiting.Choice(Environment.GetEnvironmentVariable) is { } spins)
                _ = setenv(ThreadWaiting.Variable, spins, 1);
            Allocator.KeepMemory();
            NativeLibrary.SetDllImportResolver(typeof(NativeLoader).Assembly, Resolve);
            _prepared = true;
        }
    }

    /// <summary>Loads the library and checks that both sides speak the same ABI.</summary>
    public static void EnsureLoaded()
    {
        if (_loaded)
            return;
        Prepare();
        var version = NativeMethods.esp_abi_version();
        if (version != NativeMethods.AbiVersion)
            throw new EspalierException(
                $"{Find()} speaks ABI {version} and this program ABI {NativeMethods.AbiVersion}: delete the folder build/ and start ./espalier again")
            { ExitCode = 1 };
        _loaded = true;
    }

    /// <summary>The library's file: the environment's, else the nearest <c>build/native</c> upwards.</summary>
    public static string Find()
    {
        if (Environment.GetEnvironmentVariable(PathVariable) is { Length: > 0 } named)
            return named;
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            var file = Path.Combine(folder.FullName, "build", "native", "libespalier.so");
            if (File.Exists(file))
                return file;
        }
        throw new EspalierException(
            $"libespalier.so was not found above {AppContext.BaseDirectory}: start the program with ./espalier, which builds it, or set {PathVariable}")
        { ExitCode = 1 };
    }

    private static nint Resolve(string name, Assembly assembly, DllImportSearchPath? path)
    {
        if (name != NativeMethods.Library)
            return 0;
        var file = Find();
        try
        {
            return NativeLibrary.Load(file);
        }
        catch (DllNotFoundException e)
        {
            throw new EspalierException($"{file} cannot be loaded: {e.Message.Split('\n')[0]} (is libtorch installed? ./espalier sets it up)", e) { ExitCode = 1 };
        }
    }

    // .NET's Environment.SetEnvironmentVariable does not reach native getenv.
    private static void SetUnlessSet(string name, string? value)
    {
        if (value is not null && Environment.GetEnvironmentVariable(name) is null)
            _ = setenv(name, value, 0);
    }

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int setenv(string name, string value, int overwrite);
}

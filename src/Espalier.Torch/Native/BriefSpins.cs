using System.Runtime.InteropServices;

namespace Espalier.Torch.Native;

/// <summary>
/// While it lives, OpenMP's threads that wait spin for a hundred rounds before they sleep, and no longer <see cref="ThreadWaiting.Spins"/>: libgomp does so where
/// it has more threads than there are processors (its manual, GOMP_SPINCOUNT). A team of another thread, asleep after an empty loop, makes it
/// so many.
/// </summary>
internal sealed unsafe class BriefSpins : IDisposable
{
    /// <summary>More threads than this are not started for it: where the program leaves so many processors to others, it seldom waits for one.</summary>
    private const int Most = 16;

    private const int StackBytes = 256 << 10;

    private static readonly delegate* unmanaged<nint, void*, uint, uint, void> s_parallel =
        (delegate* unmanaged<nint, void*, uint, uint, void>)LibtorchLoader.TryExport("GOMP_parallel");

    private static readonly delegate* unmanaged<int> s_processors = (delegate* unmanaged<int>)LibtorchLoader.TryExport("omp_get_num_procs");

    private readonly ManualResetEventSlim _ready = new(), _over = new();
    private readonly Thread _thread;

    private BriefSpins(int team)
    {
        _thread = new(() => Sleep((uint)team), StackBytes) { IsBackground = true, Name = "brief spins" };
        _thread.Start();
        _ready.Wait();
    }

    /// <summary>Whether this OpenMP is libgomp; LLVM's, which can stand in its place, waits by rules of its own.</summary>
    public static bool IsKnown => s_parallel != null && s_processors != null && LibtorchLoader.TryExport("__kmpc_fork_call") == 0;

    /// <summary>Begins; null where it takes too many threads, or more than the system lets this process have.</summary>
    /// <param name="threads">Threads that compute.</param>
    public static BriefSpins? Begin(int threads)
    {
        var more = Math.Max(1, s_processors() - threads + 1);
        return more <= Most && CanStart(more + 1) ? new(more + 1) : null;
    }

    // libgomp ends the process when it cannot start a thread; .NET says so.
    private static bool CanStart(int count)
    {
        using var over = new ManualResetEventSlim();
        var started = new List<Thread>();
        try
        {
            for (; count > 0; count--)
            {
                var thread = new Thread(over.Wait, StackBytes) { IsBackground = true };
                thread.Start();
                started.Add(thread);
            }
            return true;
        }
        catch (OutOfMemoryException)
        {
            return false;
        }
        finally
        {
            over.Set();
            started.ForEach(thread => thread.Join());
        }
    }

    /// <summary>Lets threads spin as before. The team goes with its thread.</summary>
    public void Dispose()
    {
        _over.Set();
        _thread.Join();
        _over.Dispose();
        _ready.Dispose();
    }

    private void Sleep(uint team)
    {
        // free(NULL) is what there is to do: C# code would make each thread known to .NET.
        using (SignalHold.Begin())
            s_parallel(NativeLibrary.GetExport(NativeLibrary.GetMainProgramHandle(), "free"), null, team, 0);
        _ready.Set();
        _over.Wait();
    }
}

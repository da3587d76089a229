using System.Buffers.Text;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Espalier.Torch.Native;

/// <summary>
/// Looks four times a second how long the threads that compute waited for a processor, and has them spin briefly while others want it
/// (<see cref="BriefSpins"/>). docs/decisions/0013. Linux alone counts that; elsewhere, and where the user chose how to wait, nothing is watched.
/// </summary>
internal static partial class SpinWatch
{
    private const int LookMilliseconds = 250;

    // Of the time of one thread; below it nothing is computed.
    private const double LeastWanted = 0.2;

    private static readonly Lock s_gate = new();
    private static readonly List<SafeFileHandle> s_threads = [];
    private static Thread? s_watch;
    private static volatile bool s_isOver;

    [ThreadStatic]
    private static bool s_isIn;

    /// <summary>Whether looking is of use: the user chose nothing, and this OpenMP can be told.</summary>
    public static bool IsWanted => !s_isOver && OperatingSystem.IsLinux() && LibtorchLoader.ChoseWaiting && BriefSpins.IsKnown;

    /// <summary>Adds the calling thread to those that are looked at, where that is of use. Throws nothing: a helper of libtorch may call it.</summary>
    public static void Join()
    {
        if (s_isIn || !IsWanted || ThreadId() is not (> 0 and var id))
            return;
        try
        {
            var counts = File.OpenHandle(string.Create(CultureInfo.InvariantCulture, $"/proc/self/task/{id}/schedstat"));
            lock (s_gate)
                s_threads.Add(counts);
            s_isIn = true;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // A system that does not count it, or not for us.
        }
    }

    /// <summary>Begins to look, where that is of use; once is enough.</summary>
    public static void Begin()
    {
        if (!IsWanted)
            return;
        lock (s_gate)
        {
            if (s_watch is not null || s_threads.Count == 0)
                return;
            s_watch = new(Watch, 256 << 10) { IsBackground = true, Name = "spin watch" };
            try
            {
                s_watch.Start();
            }
            catch (OutOfMemoryException)
            {
                End(); // the system gives this process no more threads
            }
        }
    }

    // How threads wait must never end a run.
    private static void Watch()
    {
        try
        {
            Look();
        }
#pragma warning disable CA1031 // whatever it is, threads wait then as they did
        catch (Exception)
#pragma warning restore CA1031
        {
        }
        End();
    }

    private static void End()
    {
        lock (s_gate)
        {
            s_isOver = true;
            s_threads.ForEach(counts => counts.Dispose());
            s_threads.Clear();
        }
    }

    private static void Look()
    {
        var choice = new SpinChoice();
        BriefSpins? brief = null;
        var (before, since) = (Total(), Stopwatch.GetTimestamp());
        while (true)
        {
            Thread.Sleep(LookMilliseconds);
            var (now, seconds) = (Total(), Stopwatch.GetElapsedTime(since).TotalSeconds);
            var (ran, waited) = (now.Ran - before.Ran, now.Waited - before.Waited);
            (before, since) = (now, Stopwatch.GetTimestamp());
            // Less than before: a thread has ended.
            double? share = ran >= 0 && waited >= 0 && (ran + waited) / 1e9 > LeastWanted * seconds ? (double)waited / (ran + waited) : null;
            var isBrief = choice.Next(share);
            if (isBrief && brief is null && (brief = BriefSpins.Begin(TorchRuntime.Threads)) is null)
                return; // it will not be possible a moment later
            if (!isBrief && brief is not null)
            {
                brief.Dispose();
                brief = null;
            }
        }
    }

    /// <summary>Nanoseconds run and waited of all threads that are there.</summary>
    private static (long Ran, long Waited) Total()
    {
        Span<byte> text = stackalloc byte[96];
        var (ran, waited) = (0L, 0L);
        lock (s_gate)
            for (var i = s_threads.Count - 1; i >= 0; i--)
                if (Read(s_threads[i], text) is var length and > 0 && Parse(text[..length]) is { } counts)
                    (ran, waited) = (ran + counts.Ran, waited + counts.Waited);
                else
                {
                    s_threads[i].Dispose();
                    s_threads.RemoveAt(i);
                }
        return (ran, waited);
    }

    /// <summary>Nanoseconds run, nanoseconds waited, turns.</summary>
    internal static (long Ran, long Waited)? Parse(ReadOnlySpan<byte> text) =>
        Utf8Parser.TryParse(text, out long ran, out var read) && read < text.Length && text[read] == ' '
        && Utf8Parser.TryParse(text[(read + 1)..], out long waited, out _)
            ? (ran, waited)
            : null;

    private static int Read(SafeFileHandle file, Span<byte> to)
    {
        try
        {
            return RandomAccess.Read(file, to, 0);
        }
        catch (IOException)
        {
            return 0; // the thread has ended
        }
    }

    private static int ThreadId() => RuntimeInformation.ProcessArchitecture switch
    {
        Architecture.X64 => (int)Call(186),
        Architecture.Arm64 => (int)Call(178),
        _ => 0,
    };

    // gettid has no function in glibc before 2.30.
    [LibraryImport("libc", EntryPoint = "syscall")]
    private static partial nint Call(nint number);
}

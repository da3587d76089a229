using System.Runtime.ExceptionServices;
using Espalier.Torch.Kernels;
using Espalier.Torch.Native;

namespace Espalier.Torch;

/// <summary>
/// Threads that compute beside each other, each with a share of the threads that an operator may use: what is independent runs faster so
/// than one piece after the other, for no operator is cut into more parts than it has work for, and nobody waits at the end of each. They
/// sleep between two runs.
/// </summary>
internal sealed class WorkerThreads : IDisposable
{
    private readonly Thread[] _threads;
    private readonly Barrier _phase;
    private readonly Exception?[] _failures;
    private Action<int>? _work;
    private volatile bool _over;

    /// <summary>Starts them.</summary>
    /// <param name="count">How many.</param>
    /// <param name="threadsOfEach">Threads inside an operator that one of them calls.</param>
    /// <exception cref="TorchException">This libtorch lets nobody choose its threads (<see cref="AreSupported"/>).</exception>
    public WorkerThreads(int count, int threadsOfEach)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        var before = TorchRuntime.Threads;
        _phase = new(count + 1); // with who waits for them: all come to it before a run, and after it
        _failures = new Exception?[count];
        _threads = [.. Enumerable.Range(0, count)
            .Select(index => new Thread(() => Serve(index)) { IsBackground = true, Name = $"worker {index}" })];
        // A number that is set holds for its thread, and for those that have not computed: the caller's is set again at the end.
        _work = _ => TorchRuntime.Prepare(threadsOfEach);
        foreach (var thread in _threads)
            thread.Start();
        try
        {
            Run(_work);
        }
        catch
        {
            Dispose();
            throw;
        }
        finally
        {
            TorchRuntime.Threads = before;
        }
    }

    /// <summary>Whether threads can have numbers of their own.</summary>
    public static unsafe bool AreSupported => Libtorch.SetThreadCount != null;

    public int Count => _threads.Length;

    /// <summary>
    /// Runs the work once on each, given its index from 0, and returns when all are done. What the caller wrote before they see, and the
    /// caller what they wrote. Tensors that are used on several of them are only read there.
    /// </summary>
    /// <exception cref="Exception">Whatever the first of them threw, in the order of their indices; all have ended by then.</exception>
    public void Run(Action<int> work)
    {
        ObjectDisposedException.ThrowIf(_over, this);
        _work = work;
        Array.Clear(_failures);
        _phase.SignalAndWait();
        _phase.SignalAndWait();
        foreach (var failure in _failures)
            if (failure is not null)
                ExceptionDispatchInfo.Throw(failure);
    }

    public void Dispose()
    {
        if (_over)
            return;
        _over = true;
        _phase.SignalAndWait();
        foreach (var thread in _threads)
            thread.Join();
        _phase.Dispose();
    }

    private void Serve(int index)
    {
        while (true)
        {
            _phase.SignalAndWait();
            if (_over)
            {
                Scratch.Free();
                return;
            }
            try
            {
                _work!(index);
            }
#pragma warning disable CA1031 // whatever it is, it is thrown on the thread that waits
            catch (Exception exception)
#pragma warning restore CA1031
            {
                _failures[index] = exception;
            }
            _phase.SignalAndWait();
        }
    }
}

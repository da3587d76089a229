using System.Runtime.InteropServices;
using Espalier.Tests;
using Espalier.Torch.Kernels;

namespace Espalier.Torch.Tests.Native;

/// <summary>
/// Signals that arrive while matrices are multiplied: oneDNN's code before 3.11.2 keeps a data pointer in the stack pointer, and what the
/// system then writes for a handler lands in a tensor or in the heap. docs/decisions/0017.
/// </summary>
public sealed unsafe partial class SignalHoldTests : TorchTest
{
    private const int WindowChanged = 28, Signals = 400;

    /// <summary>Sizes of a small step: left rows, inner, right columns.</summary>
    [Theory]
    [InlineData(128, 64, 127)]
    [InlineData(127, 192, 48)]
    [InlineData(600, 300, 500)]
    public void A_signal_amid_a_product_damages_nothing(int rows, int inner, int columns)
    {
        using var scope = TensorScope.Begin();
        var (x, y) = (Values(1, rows, inner), Values(2, inner, columns));
        var expected = x.MatMul(y).ToArray<float>();
        var seen = 0;
        using var handler = PosixSignalRegistration.Create((PosixSignal)WindowChanged, _ => Interlocked.Increment(ref seen));
        foreach (var thread in Computing())
        {
            var (sent, isDone) = (0, false);
            var sender = new Thread(() =>
            {
                for (; sent < Signals && !Volatile.Read(ref isDone); Interlocked.Increment(ref sent))
                {
                    Assert.Equal(0, pthread_kill(thread, WindowChanged));
                    Thread.SpinWait(20_000);
                }
            });
            sender.Start();
            while (sender.IsAlive)
            {
                using var one = TensorScope.Begin();
                Assert.True(x.MatMul(y).ToArray<float>().AsSpan().SequenceEqual(expected), $"another product after {sent} signals");
            }
            sender.Join();
            Assert.Equal(Signals, sent);
        }
        SpinWait.SpinUntil(() => Volatile.Read(ref seen) > 0, 5_000);
        Assert.True(seen > 0, "no signal came through");
    }

    private static Tensor Values(int seed, int rows, int columns)
    {
        var random = new Random(seed);
        return Tensor.From<float>([.. Enumerable.Range(0, rows * columns).Select(_ => random.NextSingle() - 0.5f)], rows, columns);
    }

    /// <summary>This thread and one of those that help it.</summary>
    private static nuint[] Computing()
    {
        var threads = new nuint[64];
        fixed (nuint* first = threads)
            Workers.For(0, threads.Length, 1, &Note, first);
        return [.. threads.Distinct().OrderBy(thread => thread == pthread_self() ? 0 : 1).Take(2)];
    }

    private static void Note(long begin, long end, void* context)
    {
        for (var i = begin; i < end; i++)
            ((nuint*)context)[i] = pthread_self();
    }

    [LibraryImport("libc")]
    private static partial nuint pthread_self();

    [LibraryImport("libc")]
    private static partial int pthread_kill(nuint thread, int signal);
}

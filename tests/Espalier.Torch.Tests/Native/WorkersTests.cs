using System.Runtime.CompilerServices;
using Espalier.Tests;
using Espalier.Torch.Kernels;

namespace Espalier.Torch.Tests.Native;

/// <summary>Loops over libtorch's threads, and the guard around what kernels write.</summary>
public sealed unsafe class WorkersTests : TorchTest
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(1000)]
    public void Each_index_is_visited_once(int count)
    {
        var visits = new int[count + 1];
        fixed (int* first = visits)
            Workers.For(0, count, 3, &Visit, first);
        Assert.Equal([.. Enumerable.Repeat(1, count), 0], visits);
    }

    [Fact]
    public void An_exception_of_a_body_is_thrown_where_the_loop_began()
    {
        Assert.Equal("no 63", Assert.Throws<InvalidOperationException>(() => Workers.For(0, 64, 1, &Fail, null)).Message);
        Assert.Equal("no 1", Assert.Throws<InvalidOperationException>(() => Workers.For(0, 2, 2, &Fail, null)).Message);
        Each_index_is_visited_once(100);
    }

    [Fact]
    public void Alone_a_loop_is_one_part_until_that_ends()
    {
        var threads = TorchRuntime.Threads;
        TorchRuntime.Threads = 2;
        try
        {
            using (Workers.Alone(when: true))
            {
                using (Workers.Alone(when: false))
                    Assert.Equal(1, Parts());
                Assert.Equal(1, Parts());
            }
            using (Workers.Alone(when: false))
                Assert.Equal(2, Parts());
            Assert.Equal(2, Parts());
        }
        finally
        {
            TorchRuntime.Threads = threads;
        }

        static int Parts()
        {
            var parts = 0;
            Workers.For(0, 64, 1, &Count, &parts);
            return parts;
        }
    }

    [Fact]
    public void A_loop_allocates_nothing()
    {
        var visits = new int[1000];
        fixed (int* first = visits)
        {
            Workers.For(0, 1000, 1, &Visit, first);
            var before = GC.GetAllocatedBytesForCurrentThread();
            Workers.For(0, 1000, 1, &Visit, first);
            Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
        }
    }

    [Theory]
    [InlineData(-1, "before")]
    [InlineData(5, "after")]
    public void What_is_written_beside_a_result_is_found(int at, string where)
    {
        GuardMode.IsOn = true;
        try
        {
            using var scope = TensorScope.Begin();
            Assert.Contains(where, Assert.Throws<InvalidOperationException>(() =>
            {
                using var result = Operand.Result(DType.Float32, 5);
                result.Floats[at] = 1;
            }).Message);
        }
        finally
        {
            GuardMode.IsOn = false;
        }
    }

    private static void Visit(long begin, long end, void* context)
    {
        for (var i = begin; i < end; i++)
            Interlocked.Increment(ref Unsafe.AsRef<int>((int*)context + i));
    }

    private static void Count(long begin, long end, void* context) => Interlocked.Increment(ref Unsafe.AsRef<int>(context));

    // The last part has the last index, so that one part fails with a number that is known.
    private static void Fail(long begin, long end, void* context)
    {
        if (end is 64 or 2)
            throw new InvalidOperationException($"no {end - 1}");
    }
}

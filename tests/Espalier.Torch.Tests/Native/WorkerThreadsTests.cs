using Espalier.Tests;

namespace Espalier.Torch.Tests.Native;

public sealed class WorkerThreadsTests : TorchTest
{
    [Fact]
    public void Each_runs_the_work_once_with_its_own_index_on_a_thread_of_its_own()
    {
        using var workers = new WorkerThreads(3, 1);
        var (calls, threads) = (new int[3], new int[3]);
        for (var run = 0; run < 5; run++)
            workers.Run(index =>
            {
                calls[index]++;
                threads[index] = Environment.CurrentManagedThreadId;
            });

        Assert.Equal([5, 5, 5], calls);
        Assert.Equal(3, threads.Distinct().Count());
        Assert.DoesNotContain(Environment.CurrentManagedThreadId, threads);
    }

    [Theory]
    [InlineData(2, 1)]
    [InlineData(2, 2)]
    [InlineData(1, 3)]
    public void Operators_there_have_the_threads_that_were_given_and_the_callers_keep_theirs(int count, int threads)
    {
        var before = TorchRuntime.Threads;
        using var workers = new WorkerThreads(count, threads);
        var inside = new int[count];
        workers.Run(index => inside[index] = TorchRuntime.Threads);

        Assert.Equal(Enumerable.Repeat(threads, count), inside);
        Assert.Equal(before, TorchRuntime.Threads);
        // A thread that begins later has the caller's number, not theirs.
        var later = 0;
        var thread = new Thread(() => later = TorchRuntime.Threads);
        thread.Start();
        thread.Join();
        Assert.Equal(before, later);
    }

    [Fact]
    public void They_flush_denormals_as_the_process_does()
    {
        using var workers = new WorkerThreads(2, 1);
        var (alone, together) = (Smallest(), new float[2]);
        workers.Run(index => together[index] = Smallest());
        Assert.Equal([alone, alone], together);
    }

    [Fact]
    public void The_first_failure_is_thrown_when_all_are_done_and_the_next_run_is_a_new_one()
    {
        using var workers = new WorkerThreads(3, 1);
        var done = 0;
        var error = Assert.Throws<InvalidOperationException>(() => workers.Run(index =>
        {
            if (index > 0)
                throw new InvalidOperationException($"worker {index}");
            Thread.Sleep(20);
            Interlocked.Increment(ref done);
        }));

        Assert.Equal("worker 1", error.Message);
        Assert.Equal(1, done);
        workers.Run(_ => Interlocked.Increment(ref done));
        Assert.Equal(4, done);
    }

    [Fact]
    public void After_their_end_nothing_runs()
    {
        var workers = new WorkerThreads(2, 1);
        workers.Dispose();
        workers.Dispose();
        Assert.Throws<ObjectDisposedException>(() => workers.Run(_ => { }));
    }

    [Fact]
    public void A_replica_has_the_values_and_a_gradient_of_its_own()
    {
        using var scope = TensorScope.Begin();
        var weight = Tensor.From<float>([1, 2, 3], 3);
        weight.RequiresGrad = true;
        using var replica = weight.Replica();
        replica.Mul(replica).Sum().Backward();

        Assert.False(weight.HasGrad);
        Assert.Equal([2f, 4, 6], replica.Grad()!.ToArray<float>());
        using (GradMode.Disable())
            weight.AddInPlace(Tensor.From<float>([1, 1, 1], 3));
        Assert.Equal([2f, 3, 4], replica.ToArray<float>());
    }

    [Fact]
    public void Gradients_of_replicas_are_added()
    {
        using var scope = TensorScope.Begin();
        var weight = Tensor.From<float>([1, 2, 3], 3);
        weight.RequiresGrad = true;
        using var one = weight.Replica();
        using var other = weight.Replica();
        using var idle = weight.Replica();
        one.Sum().Backward();
        other.Mul(other).Sum().Backward();
        foreach (var replica in new[] { one, idle, other })
            weight.AccumulateGradOf(replica);

        Assert.Equal([3f, 5, 7], weight.Grad()!.ToArray<float>());
        Assert.Equal([2f, 4, 6], other.Grad()!.ToArray<float>());
    }

    [Fact]
    public void Replicas_have_one_copy_in_bfloat16_which_follows_the_weight()
    {
        using var scope = TensorScope.Begin();
        var weight = Tensor.From<float>([1, 2, 3], 3);
        using var replica = weight.Replica();
        Assert.Same(weight.InBfloat16(), replica.InBfloat16());
        weight.AddInPlace(Tensor.From<float>([1, 1, 1], 3));
        Assert.Equal([2f, 3, 4], replica.InBfloat16().To(DType.Float32).ToArray<float>());
        Assert.Same(weight.InBfloat16(), replica.InBfloat16());
    }

    [Fact]
    public void What_wants_no_gradient_has_replicas_that_want_none()
    {
        using var scope = TensorScope.Begin();
        var weight = Tensor.From<float>([1, 1, 1], 3);
        using var replica = weight.Replica();
        Assert.False(replica.RequiresGrad);
    }

    [Fact]
    public void A_copy_in_bfloat16_that_several_threads_ask_for_is_made_once()
    {
        using var scope = TensorScope.Begin();
        var weight = Tensor.Zeros(DType.Float32, 1 << 16);
        using var workers = new WorkerThreads(4, 1);
        var copies = new Tensor[4];
        for (var round = 0; round < 20; round++)
        {
            weight.AddInPlace(Tensor.Zeros(DType.Float32, 1 << 16));
            workers.Run(index => copies[index] = weight.InBfloat16());
            Assert.All(copies, copy => Assert.Same(copies[0], copy));
        }
    }

    private static float Smallest()
    {
        using var scope = TensorScope.Begin();
        return Tensor.From<float>([1e-39f], 1).Mul(Tensor.From<float>([0.5f], 1)).ToArray<float>()[0];
    }
}

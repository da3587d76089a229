using Espalier.Tests;

namespace Espalier.Torch.Tests.Native;

public sealed class ThreadTests : TorchTest
{
    [Fact]
    public void Two_threads_compute_what_one_does()
    {
        var alone = Enumerable.Range(0, 2).Select(Train).ToArray();
        var together = new float[2][];
        OnThreads(seed => together[seed] = Train(seed));
        Assert.Equal(alone, together);
    }

    [Fact]
    public void Recording_is_a_threads_own_matter()
    {
        using var off = GradMode.Disable();
        OnThreads(_ =>
        {
            Assert.True(GradMode.IsEnabled);
            using var inside = GradMode.Disable();
            Assert.False(GradMode.IsEnabled);
        });
        Assert.False(GradMode.IsEnabled);
    }

    [Fact]
    public void Scopes_are_a_threads_own_matter()
    {
        using var scope = TensorScope.Begin();
        OnThreads(_ =>
        {
            Tensor x, kept;
            using (var own = TensorScope.Begin())
            {
                x = Tensor.Zeros(DType.Float32, 2);
                kept = own.Keep(x.Exp());
            }
            Assert.Throws<ObjectDisposedException>(() => x.Exp());
            kept.Dispose();
        });
    }

    [Fact]
    public void Error_sentences_do_not_cross_threads() => OnThreads(seed =>
    {
        using var x = Tensor.Zeros(DType.Float32, 5);
        for (var i = 0; i < 300; i++)
            Assert.Contains($"[{seed + 7}]", Assert.Throws<TorchException>(() => x.View(seed + 7)).Message);
    });

    [Fact]
    public void A_tensor_disposed_while_another_thread_reads_it_is_an_error_or_a_result()
    {
        for (var round = 0; round < 50; round++)
        {
            var x = Tensor.Zeros(DType.Float32, 100);
            OnThreads(role =>
            {
                if (role == 0)
                    x.Dispose();
                else
                    try
                    {
                        for (var i = 0; i < 20; i++)
                            x.Exp().Dispose();
                    }
                    catch (ObjectDisposedException)
                    {
                    }
            });
        }
    }

    [Fact]
    public void A_thread_count_given_once_holds_on_new_threads() => OnThreads(_ => Assert.Equal(2, TorchRuntime.Threads));

    /// <summary>Thirty steps of gradient descent, each in a scope.</summary>
    private static float[] Train(int seed)
    {
        using var w = Tensor.From<float>([.. Enumerable.Range(0, 64).Select(i => MathF.Sin(i + seed))], 8, 8);
        w.RequiresGrad = true;
        for (var step = 0; step < 30; step++)
        {
            using var scope = TensorScope.Begin();
            w.SetGrad(null);
            w.MatMul(w).Silu().Sub(w).Square().Mean().Backward();
            using var off = GradMode.Disable();
            w.AddInPlace(w.Grad()!, -0.5);
        }
        return w.ToArray<float>();
    }

    private static void OnThreads(Action<int> body)
    {
        var errors = new Exception?[2];
        var threads = Enumerable.Range(0, 2).Select(i => new Thread(() =>
        {
            try
            {
                body(i);
            }
            catch (Exception e)
            {
                errors[i] = e;
            }
        })).ToArray();
        foreach (var thread in threads)
            thread.Start();
        foreach (var thread in threads)
            thread.Join();
        Assert.All(errors, Assert.Null);
    }
}

using System.Runtime.CompilerServices;
using Espalier.Tests;

namespace Espalier.Torch.Tests.Native;

public sealed class DisposalTests : TorchTest
{
    [Fact]
    public void Every_use_after_disposal_says_so()
    {
        using var scope = TensorScope.Begin();
        var good = Tensor.Zeros(DType.Float32, 2);
        good.RequiresGrad = true;
        var dead = Tensor.Zeros(DType.Float32, 2);
        _ = dead.Shape; // cached shapes are no way around it
        dead.Dispose();
        Action[] uses =
        [
            () => dead.Exp(), () => good.Add(dead), () => dead.AddInPlace(1),
            () => Tensor.Cat(0, good, dead), () => Tensor.Cat(0, dead, good), () => Tensor.Cat(0, good, good, dead),
            () => _ = dead.Shape, () => _ = dead.Dimensions, () => dead.Size(0), () => _ = dead.ElementCount, () => _ = dead.DType,
            () => _ = dead.IsContiguous, () => dead.ToArray<float>(), () => dead.CopyTo(new float[2].AsSpan()),
            () => dead.CopyFrom<float>([1, 2]),
            () => dead.CopyBytesTo(new byte[8]), () => dead.Item(), () => dead.Backward(), () => good.Exp().Backward(dead),
            () => good.SetGrad(dead),
            () => dead.SetGrad(null), () => dead.SetGrad(good), () => dead.Grad(), () => good.AccumulateGrad(dead),
            () => dead.AccumulateGrad(good),
            () => _ = dead.RequiresGrad, () => dead.RequiresGrad = true, () => dead.AllFinite(),
        ];
        foreach (var use in uses)
            Assert.ThrowsAny<ObjectDisposedException>(use);
        Assert.Equal("disposed tensor", dead.ToString());
        Assert.Null(good.Grad());
    }

    [Fact]
    public void Failed_calls_do_not_keep_the_good_arguments_alive()
    {
        var good = Tensor.Zeros(DType.Float32, 2);
        var dead = Tensor.Zeros(DType.Float32, 2);
        dead.Dispose();
        Assert.Throws<ObjectDisposedException>(() => Tensor.Cat(0, good, good, dead));
        Assert.Throws<ObjectDisposedException>(() => good.Add(dead));
        Assert.Throws<ObjectDisposedException>(() => Tensor.Backward([(good, good), (good, dead)]));
        Assert.Throws<TorchException>(() => good.View(7));
        good.Dispose(); // the base class sees that this frees it
    }

    [Fact]
    public void Disposal_is_idempotent_and_only_of_the_handle()
    {
        var x = Tensor.From<float>([1, 2, 3, 4], 4);
        using var view = x.View(2, 2);
        x.Dispose();
        x.Dispose();
        Assert.Equal([1f, 2, 3, 4], view.ToArray<float>());
    }

    [Fact]
    public void Forgotten_tensors_are_freed_by_the_collector_and_counted()
    {
        var (live, leaked) = (TorchRuntime.LiveTensors, TorchRuntime.LeakedTensors);
        Forget();
        GC.Collect();
        GC.WaitForPendingFinalizers();
        Assert.Equal(live, TorchRuntime.LiveTensors);
        Assert.Equal(leaked + 3, TorchRuntime.LeakedTensors);
        ExpectLeaks(3);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void Forget()
    {
        for (var i = 0; i < 3; i++)
            Tensor.Zeros(DType.Float32, 2);
    }
}

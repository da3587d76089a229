using System.Runtime.Intrinsics.X86;
using Espalier.Tests;

namespace Espalier.Torch.Tests;

public sealed class RuntimeTests : TorchTest
{
    [Fact]
    public void Same_seed_gives_the_same_numbers()
    {
        using var scope = TensorScope.Begin();
        Assert.Equal(Random(7), Random(7));
        Assert.NotEqual(Random(7), Random(8));
    }

    [Fact]
    public void Products_and_sums_repeat_bit_for_bit()
    {
        using var scope = TensorScope.Begin();
        TorchRuntime.ManualSeed(1);
        var randn = Op.Find("aten::randn");
        var (a, b) = (randn.Call(new long[] { 300, 257 }), randn.Call(new long[] { 257, 301 }));
        var (product, sum) = (a.MatMul(b), a.Sum());
        for (var i = 0; i < 20; i++)
        {
            using var round = TensorScope.Begin();
            Assert.True(a.MatMul(b).BitsEqual(product));
            Assert.True(a.Sum().BitsEqual(sum));
        }
    }

    [Fact]
    public void Denormals_are_flushed_to_zero()
    {
        using var scope = TensorScope.Begin();
        Assert.Equal([0f], Tensor.From<float>([1e-30f], 1).Mul(1e-10).ToArray<float>());
    }

    [Fact]
    public void Openblas_runs_the_kernel_for_this_processor()
    {
        var kernel = TorchRuntime.BlasKernelName;
        if (kernel.Length > 0 && Environment.GetEnvironmentVariable("OPENBLAS_CORETYPE") is null && Avx2.IsSupported)
            Assert.DoesNotContain(kernel, new[] { "Prescott", "Nehalem", "Sandybridge", "Core2" });
    }

    [Fact]
    public void Version_and_files_are_known()
    {
        Assert.Matches(@"^\d+\.\d+\.\d+", TorchRuntime.Version);
        Assert.True(File.Exists(TorchRuntime.NativeLibraryPath));
    }

    [Fact]
    public void Every_operator_that_the_typed_methods_use_exists_in_this_libtorch() =>
        System.Runtime.CompilerServices.RuntimeHelpers.RunClassConstructor(typeof(Ops).TypeHandle);

    private static float[] Random(ulong seed)
    {
        TorchRuntime.ManualSeed(seed);
        return Op.Find("aten::rand").Call(new long[] { 8 }).ToArray<float>();
    }
}

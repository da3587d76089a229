using Espalier.Tests;
using Espalier.Torch.Native;

namespace Espalier.Torch.Tests.Native;

public sealed class RuntimeTests : TorchTest
{
    [Fact]
    public void Products_and_sums_repeat_bit_for_bit()
    {
        using var scope = TensorScope.Begin();
        var (a, b) = (Random(300, 257), Random(257, 301));
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
        Assert.True(TorchRuntime.FlushesDenormals);
        Assert.Equal([0f], Tensor.From<float>([1e-30f], 1).Mul(1e-10).ToArray<float>());
        Assert.Equal(0, Tensor.Full(1e-30, DType.Float32, 1 << 20).Mul(1e-10).Largest());
    }

    [Theory]
    [InlineData("", "", "300")]
    [InlineData("OMP_WAIT_POLICY", "active", null)]
    [InlineData("OMP_WAIT_POLICY", "passive", null)]
    [InlineData("GOMP_SPINCOUNT", "77", null)]
    [InlineData("GOMP_SPINCOUNT", "", "300")]
    public void How_threads_wait_is_chosen_where_the_user_chose_nothing(string name, string value, string? chosen) =>
        Assert.Equal(chosen, ThreadWaiting.Choice(asked => asked == name ? value : null));

    [Fact]
    public void Version_and_file_are_known()
    {
        Assert.Matches(@"^\d+\.\d+\.\d+$", TorchRuntime.Version);
        Assert.True(File.Exists(TorchRuntime.LibraryFile));
    }

    [Fact]
    public void Nothing_of_libtorch_is_copied_beside_the_program() =>
        Assert.False(File.Exists(Path.Combine(AppContext.BaseDirectory, LibtorchFolder.LibraryName))
            || Directory.Exists(Path.Combine(AppContext.BaseDirectory, "runtimes")));

    [Fact]
    public void A_libtorch_is_found_by_the_variable_then_beside_the_program_then_in_the_package()
    {
        var root = Directory.CreateTempSubdirectory("libtorch-").FullName;
        try
        {
            string Holding(string folder)
            {
                Directory.CreateDirectory(Path.Combine(root, folder));
                File.WriteAllText(Path.Combine(root, folder, LibtorchFolder.LibraryName), "");
                return Path.Combine(root, folder);
            }
            var (library, program, package, user) = (Holding("named/lib"), Holding("program"), Holding("package"), Holding("user"));
            var (named, nothing) = (Path.Combine(root, "named"), Path.Combine(root, "nothing"));
            Assert.Equal(new(library, LibtorchSource.Variable), LibtorchFolder.Find(named, program, package, user));
            Assert.Equal(new(library, LibtorchSource.Variable), LibtorchFolder.Find(library, program, package, user));
            Assert.Equal(new(program, LibtorchSource.Program), LibtorchFolder.Find("", program, package, user));
            Assert.Equal(new(package, LibtorchSource.Package), LibtorchFolder.Find(null, nothing, package, user));
            Assert.Equal(new(user, LibtorchSource.Package), LibtorchFolder.Find(null, nothing, nothing, user));
            Assert.Equal(new(user, LibtorchSource.Package), LibtorchFolder.Find(null, nothing, null, user));
            Assert.Contains("LIBTORCH is " + nothing,
                Assert.Throws<EspalierException>(() => LibtorchFolder.Find(nothing, program, package, user)).Message);
            Assert.Contains("dotnet restore",
                Assert.Throws<EspalierException>(() => LibtorchFolder.Find(null, nothing, nothing, nothing)).Message);
            Assert.Contains("dotnet package download libtorch-cpu-linux-x64@2.",
                Assert.Throws<EspalierException>(() => LibtorchFolder.Find(null, nothing, null, nothing)).Message);
            Assert.StartsWith("/packages/libtorch-cpu-linux-x64/2.", LibtorchFolder.OfUser("/packages"), StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(root, recursive: true);
        }
    }

    private static Tensor Random(params long[] sizes)
    {
        var random = new Random(1);
        var values = new float[sizes[0] * sizes[1]];
        for (var i = 0; i < values.Length; i++)
            values[i] = random.NextSingle() - 0.5f;
        return Tensor.From<float>(values, sizes);
    }
}

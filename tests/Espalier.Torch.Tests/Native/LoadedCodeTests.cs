using Espalier.Tests;
using Espalier.Torch.Native;

namespace Espalier.Torch.Tests.Native;

public sealed class LoadedCodeTests : TorchTest
{
    [Fact]
    public void Forgotten_code_is_not_resident_and_runs_again_with_the_same_bits()
    {
        using var scope = TensorScope.Begin();
        var (a, b) = (Tensor.Full(1.25, DType.Float32, 64, 96), Tensor.Arange(96 * 80, DType.Float32).View(96, 80));
        var product = a.MatMul(b);
        LoadedCode.Forget(Path.Combine("no", "such.so"));
        var mapped = CodeMiB();

        LoadedCode.Forget(TorchRuntime.LibraryFile);

        var forgotten = CodeMiB();
        Assert.True(mapped > 0.5, $"{mapped} MiB of code were resident after a product");
        // Tests beside this one map some of it again at once.
        Assert.True(forgotten < mapped, $"{mapped} MiB of code were resident, and {forgotten} after they were forgotten");
        Assert.True(a.MatMul(b).BitsEqual(product));
    }

    private static double CodeMiB()
    {
        var (sum, isCode) = (0L, false);
        foreach (var line in File.ReadLines("/proc/self/smaps"))
        {
            if (line.Contains(" r-xp ", StringComparison.Ordinal) || line.Contains("-p ", StringComparison.Ordinal))
                isCode = line.Contains(" r-xp ", StringComparison.Ordinal) && line.Contains("/libtorch_cpu.so", StringComparison.Ordinal);
            else if (isCode && line.StartsWith("Rss:", StringComparison.Ordinal))
                sum += long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
        }
        return sum / 1024.0;
    }
}

using Espalier.Tests;

namespace Espalier.Files.Tests.Machine;

public sealed class MachineFactsTests
{
    private const string TwoProcessors = """
        processor	: 0
        vendor_id	: GenuineIntel
        model name	: Intel(R) Xeon(R) Processor @ 2.50GHz
        cpu MHz		: 2500.125
        flags		: fpu sse4_2 avx fma avx2 avx512f avx512dq avx512bw avx512vl avx512_bf16 amx_tile
        bogomips	: 5000.00

        processor	: 1
        vendor_id	: GenuineIntel
        model name	: Intel(R) Xeon(R) Processor @ 2.50GHz
        cpu MHz		: 2500.125
        flags		: fpu sse4_2 avx fma avx2 avx512f avx512dq avx512bw avx512vl avx512_bf16 amx_tile
        """;

    [Fact]
    public void The_processor_is_read_from_cpuinfo()
    {
        var cpu = CpuInfo.Parse(TwoProcessors);
        Assert.Equal("Intel(R) Xeon(R) Processor @ 2.50GHz", cpu.Model);
        Assert.Equal(2, cpu.Processors);
        Assert.Equal(2500.125, cpu.Megahertz);
        Assert.Equal(["sse4.2", "avx", "avx2", "fma", "avx512", "avx512-bf16", "amx"], cpu.VectorUnits);
    }

    [Fact]
    public void An_arm_processor_has_features_instead_of_flags()
    {
        var cpu = CpuInfo.Parse("processor\t: 0\nFeatures\t: fp asimd sve bf16\n");
        Assert.Equal(["neon", "sve", "bf16"], cpu.VectorUnits);
        Assert.Equal(0, cpu.Megahertz);
    }

    [Theory]
    [InlineData("")]
    [InlineData(":\n::\nflags\nflags:\ncpu MHz: fast\n")]
    public void Nonsense_gives_an_unknown_processor(string text)
    {
        var cpu = CpuInfo.Parse(text);
        Assert.Equal("unknown", cpu.Model);
        Assert.Empty(cpu.VectorUnits);
    }

    [Fact]
    public void Memory_is_read_from_meminfo() =>
        Assert.Equal(
            new MemoryInfo(24684096L * 1024, 23400000L * 1024),
            MemoryInfo.Parse("MemTotal:       24684096 kB\nMemFree:        20000000 kB\nMemAvailable:   23400000 kB\n"));

    [Fact]
    public void Memory_that_is_not_told_is_zero() => Assert.Equal(new MemoryInfo(0, 0), MemoryInfo.Parse("MemTotal: lots\n"));

    [Fact]
    public void Graphics_processors_are_read_from_the_driver()
    {
        using var root = new TemporaryFolder();
        Assert.Empty(GpuInfo.Read(root.Path));

        var device = Directory.CreateDirectory(Path.Combine(root.Path, "dev"));
        foreach (var name in (string[])["nvidia0", "nvidiactl", "nvidia-uvm"])
            File.WriteAllText(Path.Combine(device.FullName, name), "");
        Assert.Equal(["nvidia0"], GpuInfo.Read(root.Path));

        var gpu = Directory.CreateDirectory(Path.Combine(root.Path, "proc/driver/nvidia/gpus/0000:01:00.0"));
        File.WriteAllText(Path.Combine(gpu.FullName, "information"), "Model: \t\t NVIDIA H200\nIRQ: 1\n");
        Assert.Equal(["NVIDIA H200"], GpuInfo.Read(root.Path));
    }
}

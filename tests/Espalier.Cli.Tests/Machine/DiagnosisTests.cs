using Espalier.Cli.Machine;

namespace Espalier.Cli.Tests.Machine;

public sealed class DiagnosisTests
{
    private static readonly MachineReport s_sound = MachineFixtures.Sound;

    [Fact]
    public void A_sound_machine_has_no_findings() => Assert.Empty(Diagnosis.Of(s_sound));

    [Fact]
    public void Slow_products_are_said_with_both_speeds() =>
        Assert.Contains("31 GFLOP/s; 160",
            Assert.Single(Diagnosis.Of(MachineFixtures.With(s_sound.Torch! with { SgemmGflops = 31 }))).What);

    [Fact]
    public void A_library_that_multiplies_faster_is_said_with_both_speeds()
    {
        var slow = s_sound.Torch! with { OtherGflops = 240, OtherProducts = ProductLibrary.Libtorch };
        var finding = Assert.Single(Diagnosis.Of(MachineFixtures.With(slow)));
        Assert.Contains("oneDNN at 188 GFLOP/s, but libtorch's default reaches 240", finding.What);
        Assert.Equal("set ESPALIER_PRODUCTS=libtorch", finding.WayOut);
        Assert.Equal("set ESPALIER_PRODUCTS=onednn",
            Assert.Single(Diagnosis.Of(MachineFixtures.With(slow with { OtherProducts = ProductLibrary.OneDnn }))).WayOut);
        Assert.Empty(Diagnosis.Of(MachineFixtures.With(s_sound.Torch! with { OtherGflops = 200, OtherProducts = ProductLibrary.Libtorch })));
    }

    [Fact]
    public void A_library_that_is_faster_at_large_products_alone_is_not_recommended() =>
        Assert.Empty(Diagnosis.Of(MachineFixtures.With(s_sound.Torch! with
        {
            OtherGflops = 240,
            OtherProducts = ProductLibrary.Libtorch,
            StepGflops = 200,
            OtherStepGflops = 90,
        })));

    [Fact]
    public void A_libtorch_whose_tiny_numbers_are_slow_is_said() =>
        Assert.Contains("unset LIBTORCH",
            Assert.Single(Diagnosis.Of(MachineFixtures.With(s_sound.Torch! with { FlushesDenormals = false }))).WayOut);

    [Fact]
    public void An_unknown_clock_expects_nothing() =>
        Assert.Empty(
            Diagnosis.Of(MachineFixtures.With(s_sound.Torch! with { SgemmGflops = 1 }) with { Cpu = s_sound.Cpu with { Megahertz = 0 } }));

    [Fact]
    public void Missing_libtorch_makes_the_machine_unusable_and_comes_first()
    {
        var findings =
            Diagnosis.Of(s_sound with { Torch = null, Memory = new MemoryInfo(1 << 30, 1 << 20) }, "libtorch_cpu.so was not found");
        Assert.Equal(2, findings.Count);
        Assert.Equal(Severity.Unusable, findings[0].Severity);
        Assert.Equal("libtorch_cpu.so was not found", findings[0].What);
    }

    [Fact]
    public void Little_memory_little_disk_and_a_slow_disk_are_said_with_both_numbers()
    {
        var findings =
            Diagnosis.Of(s_sound with { Memory = new MemoryInfo(2L << 30, 512 << 20), Disk = new DiskSpeed("/runs", 1L << 30, 1e6, 1e6) });
        Assert.Equal(3, findings.Count);
        Assert.Contains("512 MiB of 2 GiB", findings[0].What);
        Assert.Contains("1 GiB is free in /runs", findings[1].What);
        Assert.Contains("977 KiB per second", findings[2].What);
    }

    [Fact]
    public void A_gpu_that_libtorch_cannot_use_is_said()
    {
        Assert.Contains("NVIDIA H200", Assert.Single(Diagnosis.Of(s_sound with { Gpus = ["NVIDIA H200"] })).What);
        Assert.Empty(Diagnosis.Of(MachineFixtures.With(s_sound.Torch! with { HasCuda = true }) with { Gpus = ["NVIDIA H200"] }));
    }

    [Fact]
    public void More_threads_than_processors_are_said() =>
        Assert.Contains("8 threads on 2", Assert.Single(Diagnosis.Of(MachineFixtures.With(s_sound.Torch! with { Threads = 8 }))).What);

    [Fact]
    public void A_preset_that_halves_the_speed_is_named_with_both_speeds()
    {
        var finding =
            Assert.Single(Diagnosis.Of(s_sound with { Preset = new("DNNL_MAX_CPU_ISA=AVX2, ATEN_CPU_CAPABILITY=default", 94, 188) }));
        Assert.Contains("DNNL_MAX_CPU_ISA=AVX2", finding.What);
        Assert.Contains("94 GFLOP/s with it and 188 without", finding.What);
        Assert.Equal("unset DNNL_MAX_CPU_ISA ATEN_CPU_CAPABILITY", finding.WayOut);
        Assert.Empty(Diagnosis.Of(s_sound with { Preset = new("MKL_CBWR=AVX2", 180, 188) }));
    }

    [Fact]
    public void Presets_of_products_are_told_from_those_of_threads()
    {
        static IReadOnlyList<string> Of(string name, string value) =>
            EnvironmentPresets.OfProducts(EnvironmentPresets.Read(asked => asked == name ? value : null));
        Assert.Equal(["ONEDNN_MAX_CPU_ISA"], Of("ONEDNN_MAX_CPU_ISA", "AVX2"));
        Assert.Equal(["MKL_CBWR"], Of("MKL_CBWR", "COMPATIBLE"));
        Assert.Empty(Of("OMP_NUM_THREADS", "2"));
    }

    [Theory]
    [InlineData("OMP_WAIT_POLICY", "ACTIVE", true)]
    [InlineData("OMP_WAIT_POLICY", "passive", false)]
    [InlineData("GOMP_SPINCOUNT", "infinite", true)]
    [InlineData("GOMP_SPINCOUNT", "300000", true)]
    [InlineData("GOMP_SPINCOUNT", "1000", false)]
    [InlineData("OMP_THREAD_LIMIT", "1", true)]
    [InlineData("OMP_THREAD_LIMIT", "2", false)]
    [InlineData("OMP_PROC_BIND", "close", true)]
    [InlineData("OMP_PROC_BIND", "false", false)]
    [InlineData("GOMP_CPU_AFFINITY", "0", true)]
    [InlineData("OMP_DYNAMIC", "true", true)]
    [InlineData("OMP_NUM_THREADS", "2", false)]
    public void Presets_of_threads_that_hurt_are_named_with_the_way_out(string name, string value, bool hurts)
    {
        var findings = Diagnosis.Of(s_sound with { Environment = new Dictionary<string, string> { [name] = value } });
        Assert.Equal(hurts ? [$"unset {name}"] : [], findings.Select(finding => finding.WayOut));
        Assert.All(findings, finding => Assert.StartsWith(name, finding.What));
    }

    [Fact]
    public void A_busy_machine_is_said()
    {
        Assert.Contains("other programs keep 1.6 of 2 processors busy",
            Assert.Single(Diagnosis.Of(s_sound with { BusyProcessors = 1.6 })).What);
        Assert.Empty(Diagnosis.Of(s_sound with { BusyProcessors = 0.2 }));
    }
}

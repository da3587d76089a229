using Espalier.Cli.Machine;
using Espalier.Compression.Runs;

namespace Espalier.Cli.Tests.Machine;

public sealed class DiagnosisTests
{
    private static readonly MachineReport sound = MachineFixtures.Sound;

    [Fact]
    public void A_sound_machine_has_no_findings() => Assert.Empty(Diagnosis.Of(sound));

    [Fact]
    public void A_generic_kernel_is_found_by_name_and_by_its_speed()
    {
        var torch = sound.Torch! with { Blas = sound.Torch!.Blas with { Kernel = "Prescott" }, SgemmGflops = 31 };
        var findings = Diagnosis.Of(MachineFixtures.With(torch));
        Assert.Equal(2, findings.Count);
        Assert.Contains("Prescott", findings[0].What);
        Assert.Contains("OPENBLAS_CORETYPE", findings[0].WayOut);
        Assert.Contains("31 GFLOP/s, where 160", findings[1].What);
    }

    [Theory]
    [InlineData("/usr/lib/x86_64-linux-gnu/blas/libblas.so.3.11.0", "reference BLAS")]
    [InlineData("/usr/lib/x86_64-linux-gnu/openblas-pthread/libblas.so.3", "OpenMP")]
    public void The_wrong_library_is_named_with_the_way_out(string file, string part)
    {
        var finding = Assert.Single(Diagnosis.Of(MachineFixtures.With(sound.Torch! with { Blas = BlasLibrary.Of(file, "SkylakeX") })));
        Assert.Contains(part, finding.What);
        Assert.Contains("libopenblas0-openmp", finding.WayOut);
    }

    [Fact]
    public void An_unknown_clock_expects_nothing() =>
        Assert.Empty(Diagnosis.Of(MachineFixtures.With(sound.Torch! with { SgemmGflops = 1 }) with { Cpu = sound.Cpu with { Megahertz = 0 } }));

    [Fact]
    public void Missing_libtorch_makes_the_machine_unusable_and_comes_first()
    {
        var findings = Diagnosis.Of(sound with { Torch = null, Memory = new MemoryInfo(1 << 30, 1 << 20) }, "libtorch_cpu.so was not found");
        Assert.Equal(2, findings.Count);
        Assert.Equal(Severity.Unusable, findings[0].Severity);
        Assert.Equal("libtorch_cpu.so was not found", findings[0].What);
    }

    [Fact]
    public void Little_memory_little_disk_and_a_slow_disk_are_said_with_both_numbers()
    {
        var findings = Diagnosis.Of(sound with { Memory = new MemoryInfo(2L << 30, 512 << 20), Disk = new DiskSpeed("/runs", 1L << 30, 1e6, 1e6) });
        Assert.Equal(3, findings.Count);
        Assert.Contains("512 MiB of 2 GiB", findings[0].What);
        Assert.Contains("1 GiB are free in /runs", findings[1].What);
        Assert.Contains("977 KiB a second", findings[2].What);
    }

    [Fact]
    public void A_gpu_that_libtorch_cannot_use_is_said()
    {
        Assert.Contains("NVIDIA H200", Assert.Single(Diagnosis.Of(sound with { Gpus = ["NVIDIA H200"] })).What);
        Assert.Empty(Diagnosis.Of(MachineFixtures.With(sound.Torch! with { HasCuda = true }) with { Gpus = ["NVIDIA H200"] }));
    }

    [Fact]
    public void More_threads_than_processors_are_said() =>
        Assert.Contains("8 threads on 2", Assert.Single(Diagnosis.Of(MachineFixtures.With(sound.Torch! with { Threads = 8 }))).What);

    [Fact]
    public void A_preset_of_OpenBLAS_that_halves_the_speed_is_named_with_both_speeds()
    {
        var finding = Assert.Single(Diagnosis.Of(sound with { Preset = new("OPENBLAS_CORETYPE=Haswell, OPENBLAS_L2_SIZE=32", 94, 188) }));
        Assert.Contains("OPENBLAS_CORETYPE=Haswell", finding.What);
        Assert.Contains("94 GFLOP/s with it and 188 without", finding.What);
        Assert.Equal("unset OPENBLAS_CORETYPE OPENBLAS_L2_SIZE", finding.WayOut);
        Assert.Empty(Diagnosis.Of(sound with { Preset = new("OPENBLAS_CORETYPE=Zen", 180, 188) }));
    }

    [Fact]
    public void The_kernel_that_the_launcher_chooses_is_no_preset_and_another_is()
    {
        static IReadOnlyList<string> Of(string name, string value) => EnvironmentPresets.OfBlas(EnvironmentPresets.Read(asked => asked == name ? value : null));
        Assert.Empty(Of("OPENBLAS_CORETYPE", Espalier.Torch.Native.BlasKernel.ForThisProcessor() ?? ""));
        Assert.Equal(["OPENBLAS_CORETYPE"], Of("OPENBLAS_CORETYPE", "Prescott"));
        Assert.Equal(["OPENBLAS_L2_SIZE"], Of("OPENBLAS_L2_SIZE", "64"));
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
        var findings = Diagnosis.Of(sound with { Environment = new Dictionary<string, string> { [name] = value } });
        Assert.Equal(hurts ? [$"unset {name}"] : [], findings.Select(finding => finding.WayOut));
        Assert.All(findings, finding => Assert.StartsWith(name, finding.What));
    }

    [Fact]
    public void A_busy_machine_is_said()
    {
        Assert.Contains("other programs keep 1.6 of 2 processors busy", Assert.Single(Diagnosis.Of(sound with { BusyProcessors = 1.6 })).What);
        Assert.Empty(Diagnosis.Of(sound with { BusyProcessors = 0.2 }));
    }
}

using System.CommandLine;
using System.Reflection;
using Espalier.Cli.Machine;
using Espalier.Cli.Rendering;
using Espalier.Compression.Runs;

namespace Espalier.Cli.Commands;

/// <summary>Looks at the machine: what is there, how fast it is, and what is wrong.</summary>
internal sealed class DoctorCommand : CommandBase
{
    private const int MatrixSize = 2048;
    private const int DiskMebibytes = 256;

    private readonly Option<DirectoryInfo> folder = new("--folder")
    {
        Description = "Measure the disk of this folder",
        HelpName = "FOLDER",
        DefaultValueFactory = _ => new DirectoryInfo("."),
    };

    internal DoctorCommand() : base(
        "doctor",
        "Show libtorch, its BLAS library and kernel, threads, vector units, memory, GPU, measured sgemm and disk speed, and what is wrong",
        "espalier doctor",
        "espalier doctor --json | jq .findings",
        "espalier doctor --folder runs") => Options.Add(folder);

    protected override int Run(CommandRun run)
    {
        var place = run.Get(folder)!;
        if (!place.Exists)
            throw new EspalierException($"the folder {place} does not exist: name one that does with --folder");

        var (torch, torchError) = LookAtTorch();
        var report = new MachineReport(
            typeof(DoctorCommand).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown",
            Environment.Version.ToString(),
            torch,
            CpuInfo.Read(),
            MemoryInfo.Read(),
            DiskSpeed.Measure(place.FullName, (long)DiskMebibytes << 20),
            GpuInfo.Read());
        report = report with { Findings = Diagnosis.Of(report, torchError) };

        run.Write(report, DoctorPage.Show);
        return report.Findings.Any(f => f.Severity == Severity.Unusable) ? ExitCodes.Failed : ExitCodes.Done;
    }

    private static (TorchReport?, string?) LookAtTorch()
    {
        try
        {
            var probe = new TorchProbe();
            var flops = 2.0 * MatrixSize * MatrixSize * MatrixSize;
            return (new TorchReport(
                probe.TorchVersion,
                probe.NativeLibrary,
                probe.Threads,
                probe.HasCuda,
                BlasLibrary.OfProcess(probe),
                flops / probe.MatrixProductSeconds(MatrixSize) / 1e9), null);
        }
        catch (Exception error) when (error is EspalierException or DllNotFoundException or TypeInitializationException)
        {
            return (null, (error as TypeInitializationException)?.InnerException?.Message ?? error.Message);
        }
    }
}

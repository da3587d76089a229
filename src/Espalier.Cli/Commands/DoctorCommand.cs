using System.CommandLine;
using System.Globalization;
using System.Reflection;
using Espalier.Cli.Machine;
using Espalier.Files;

namespace Espalier.Cli.Commands;

/// <summary>Looks at the machine: what is there, how fast it is, and what is wrong.</summary>
internal sealed class DoctorCommand : CommandBase
{
    private const int DiskMebibytes = 256;

    /// <summary>Hidden: only measures the product and prints it, for a comparison with another environment.</summary>
    internal const string ProductsOnly = "--products-only";

    private static readonly TimeSpan s_glance = TimeSpan.FromMilliseconds(300);

    private readonly Option<bool> productsOnly = new(ProductsOnly) { Hidden = true };

    private readonly Option<DirectoryInfo> folder = new("--folder")
    {
        Description = "Measure the disk of this folder",
        HelpName = "FOLDER",
        DefaultValueFactory = _ => new DirectoryInfo("."),
    };

    internal DoctorCommand() : base(
        "doctor",
        "Show libtorch, threads, vector units, memory, GPU, measured sgemm and disk speed, and what is wrong",
        "espalier doctor",
        "espalier doctor --json | jq .findings",
        "espalier doctor --folder runs")
    {
        Options.Add(folder);
        Options.Add(productsOnly);
    }

    protected override int Run(CommandRun run)
    {
        if (run.Get(productsOnly))
        {
            Espalier.Torch.TorchRuntime.Start();
            run.Terminal.Output.WriteLine(TorchProbe.Gflops().ToString("R", CultureInfo.InvariantCulture));
            return ExitCodes.Done;
        }
        var place = run.Get(folder)!;
        if (!place.Exists)
            throw new EspalierException($"the folder {place} does not exist: name one that does with --folder");

        // Before anything here works.
        var busy = ProcessorLoad.OfOthers(s_glance);
        var environment = EnvironmentPresets.Read(Environment.GetEnvironmentVariable);
        var ofProducts = EnvironmentPresets.OfProducts(environment);
        var (torch, torchError) = LookAtTorch();
        var report = new MachineReport(
            typeof(DoctorCommand).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "unknown",
            Environment.Version.ToString(),
            torch,
            CpuInfo.Read(),
            MemoryInfo.Read(),
            DiskSpeed.Measure(place.FullName, (long)DiskMebibytes << 20),
            GpuInfo.Read())
        {
            BusyProcessors = Math.Round(busy, 2),
            Environment = environment,
            Preset = torch is null || ofProducts.Count == 0 ? null : PresetSpeed.Measure(ofProducts, environment, torch.SgemmGflops),
        };
        report = report with { Findings = Diagnosis.Of(report, torchError) };

        run.Write(report, DoctorPage.Show);
        return report.Findings.Any(f => f.Severity == Severity.Unusable) ? ExitCodes.Failed : ExitCodes.Done;
    }

    private static (TorchReport?, string?) LookAtTorch()
    {
        try
        {
            return (TorchProbe.Look(), null);
        }
        catch (Exception error) when (error is EspalierException or DllNotFoundException or TypeInitializationException)
        {
            return (null, (error as TypeInitializationException)?.InnerException?.Message ?? error.Message);
        }
    }
}

using System.CommandLine;
using System.Reflection;
using Espalier.Cli.Host;
using Espalier.Cli.Machine;
using Espalier.Cli.Rendering;
using Espalier.Torch.Native;

namespace Espalier.Cli.Commands.Machine;

/// <summary>Looks at the machine: what is there, how fast it is, and what is wrong.</summary>
internal sealed class DoctorCommand : CommandBase
{
    private const int DiskMebibytes = 256;

    private static readonly TimeSpan s_glance = TimeSpan.FromMilliseconds(300);

    private readonly Option<bool> _productsOnly = new(PresetSpeed.ProductsOnly) { Hidden = true };

    private readonly Option<DirectoryInfo> _folder = new("--folder")
    {
        Description = "Measure the disk of this folder",
        HelpName = "FOLDER",
        DefaultValueFactory = _ => new DirectoryInfo("."),
    };

    internal DoctorCommand() : base(
        "doctor",
        "Show libtorch, threads, vector units, memory, GPU, the measured speed of matrix products and disk, and problems",
        "espalier doctor",
        "espalier doctor --json | jq .findings",
        "espalier doctor --folder runs")
    {
        Options.Add(_folder);
        Options.Add(_productsOnly);
    }

    protected override int Run(CommandRun run)
    {
        if (run.Get(_productsOnly))
        {
            Espalier.Torch.TorchRuntime.Start();
            run.Terminal.Output.WriteLine(TorchProbe.Gflops().ToString("R", CultureInfo.InvariantCulture));
            return ExitCodes.Done;
        }
        var place = run.Get(_folder)!;
        if (!place.Exists)
            throw new EspalierException($"the folder {place} does not exist: name an existing one with --folder");

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

        run.Write(report, Show);
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

    private static void Show(Page page, MachineReport report)
    {
        page.Heading("Software");
        page.Table(TextTable.OfFacts([
            ("Espalier", report.Espalier),
            (".NET", report.Dotnet),
            .. report.Torch is { } torch ? OfTorch(torch) : [("libtorch", "not loaded")],
        ]));
        if (report.Torch is not null)
            page.Line($"The products of a training step are small in small models and approach 2048³ in large ones.{Unused(report.Torch)}");
        page.Line();
        page.Heading("Machine");
        page.Table(TextTable.OfFacts(
            ("processor",
                $"{report.Cpu.Model}, {report.Cpu.Processors} logical processors"
                    + $"{(report.Cpu.Megahertz > 0 ? $", {report.Cpu.Megahertz:0} MHz" : "")}"),
            ("vector units", report.Cpu.VectorUnits.Count > 0 ? string.Join(' ', report.Cpu.VectorUnits) : "none known"),
            ("busy with other programs", string.Create(CultureInfo.InvariantCulture, $"{report.BusyProcessors:0.0} processors")),
            ("set in the environment", report.Environment.Count == 0 ? "nothing that changes these speeds"
                : string.Join(' ', report.Environment.Select(preset => $"{preset.Key}={preset.Value}"))),
            ("memory", $"{Units.Bytes(report.Memory.Total)}, {Units.Bytes(report.Memory.Available)} available"),
            ("disk", $"{Units.Bytes(report.Disk.Free)} free in {report.Disk.Folder}"),
            ("disk, write and fsync", $"{Units.Bytes((long)report.Disk.WriteBytesPerSecond)}/s"),
            ("disk, read", $"{Units.Bytes((long)report.Disk.ReadBytesPerSecond)}/s"),
            ("GPU", report.Gpus.Count > 0 ? string.Join(", ", report.Gpus) : "none")));
        page.Line();
        page.Heading("Problems");
        if (report.Findings.Count == 0)
            page.Line("none");
        foreach (var finding in report.Findings)
        {
            page.Line($"{(finding.Severity == Severity.Unusable ? "error" : "warning")}: {finding.What}");
            page.Line($"  fix: {finding.WayOut}");
        }
    }

    private static (string, string)[] OfTorch(TorchReport torch) =>
    [
        ("libtorch", $"{torch.Version}{(torch.HasCuda ? " with CUDA" : "")}"),
        ("libtorch file", $"{torch.Library} ({Found(torch.Source)})"),
        ("threads", $"{torch.Threads}"),
        ("float32 products", $"{TorchProbe.Name(torch.Products)}: {Speeds(torch.SgemmGflops, torch.StepGflops)}"),
        .. torch.OtherProducts is { } other
            ? [("not used", $"{TorchProbe.Name(other)}: {Speeds(torch.OtherGflops!.Value, torch.OtherStepGflops ?? 0)}")]
            : Array.Empty<(string, string)>(),
        ("bfloat16 products", torch.Bfloat16Gflops is { } gflops ? Speeds(gflops, torch.Bfloat16StepGflops ?? 0)
            : "this processor has no units for them; compute: auto uses float32"),
    ];

    /// <summary>Why a library is not used that is faster at something; nothing where there is none.</summary>
    private static string Unused(TorchReport torch) =>
        torch is not { Products: ProductLibrary.Own, OtherProducts: { } other }
            || torch.OtherGflops <= torch.SgemmGflops && torch.OtherStepGflops <= torch.StepGflops ? ""
            : $" {TorchProbe.Name(torch.Products)} is used even where the other is faster here, because it needs less memory; "
                + $"{Products.Variable}={Products.ValueOf(other)} overrides that.";

    private static string Speeds(double large, double step) => $"{large:0} GFLOP/s at 2048³, {step:0} at {TorchProbe.Step}, as in a step";

    private static string Found(LibtorchSource source) => source switch
    {
        LibtorchSource.Package => "from the NuGet package",
        LibtorchSource.Variable => "from LIBTORCH",
        _ => "next to the program",
    };
}

using System.Globalization;
using Espalier.Cli.Machine;
using Espalier.Cli.Rendering;
using Espalier.Files;
using Espalier.Torch;
using Espalier.Torch.Native;

namespace Espalier.Cli.Commands;

/// <summary>What <c>doctor</c> shows to a person.</summary>
internal static class DoctorPage
{
    internal static void Show(Page page, MachineReport report)
    {
        page.Heading("Software");
        page.Table(TextTable.OfFacts([
            ("Espalier", report.Espalier),
            (".NET", report.Dotnet),
            .. report.Torch is { } torch ? OfTorch(torch) : [("libtorch", "not loaded")],
        ]));
        page.Line();
        page.Heading("Machine");
        page.Table(TextTable.OfFacts(
            ("processor", $"{report.Cpu.Model}, {report.Cpu.Processors} logical processors{(report.Cpu.Megahertz > 0 ? $", {report.Cpu.Megahertz:0} MHz" : "")}"),
            ("vector units", report.Cpu.VectorUnits.Count > 0 ? string.Join(' ', report.Cpu.VectorUnits) : "none known"),
            ("busy with other programs", string.Create(CultureInfo.InvariantCulture, $"{report.BusyProcessors:0.0} processors")),
            ("preset", report.Environment.Count > 0 ? string.Join(' ', report.Environment.Select(preset => $"{preset.Key}={preset.Value}")) : "nothing"),
            ("memory", $"{Units.Bytes(report.Memory.Total)}, {Units.Bytes(report.Memory.Available)} available"),
            ("disk", $"{Units.Bytes(report.Disk.Free)} free in {report.Disk.Folder}"),
            ("disk, write and fsync", $"{Units.Bytes((long)report.Disk.WriteBytesPerSecond)}/s"),
            ("disk, read", $"{Units.Bytes((long)report.Disk.ReadBytesPerSecond)}/s"),
            ("GPU", report.Gpus.Count > 0 ? string.Join(", ", report.Gpus) : "none")));
        page.Line();
        page.Heading("What is wrong");
        if (report.Findings.Count == 0)
            page.Line("nothing");
        foreach (var finding in report.Findings)
        {
            page.Line($"{(finding.Severity == Severity.Unusable ? "error" : "warning")}: {finding.What}");
            page.Line($"  way out: {finding.WayOut}");
        }
    }

    private static (string, string)[] OfTorch(TorchReport torch) =>
    [
        ("libtorch", $"{torch.Version}{(torch.HasCuda ? " with CUDA" : "")}"),
        ("libtorch's file", $"{torch.Library} ({Found(torch.Source)})"),
        ("threads", $"{torch.Threads}"),
        ("float32 products", $"{Name(torch.Products)}, {torch.SgemmGflops:0} GFLOP/s (2048 cubed){(torch.OtherGflops is { } other ? $"; the other library {other:0}" : "")}"),
    ];

    internal static string Name(ProductLibrary library) => library == ProductLibrary.OneDnn ? "oneDNN" : "libtorch's own";

    private static string Found(LibtorchSource source) => source switch
    {
        LibtorchSource.Package => "from the NuGet package",
        LibtorchSource.Variable => "from LIBTORCH",
        _ => "beside the program",
    };
}

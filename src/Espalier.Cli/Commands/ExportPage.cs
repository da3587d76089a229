using Espalier.Cli.Rendering;
using Espalier.Files;

namespace Espalier.Cli.Commands;

/// <summary>What <c>export</c> shows to a person.</summary>
internal static class ExportPage
{
    internal static void Show(Page page, ExportReport report)
    {
        page.Line($"wrote {report.Output}: {report.Format} {report.Type}, {Units.Bytes(report.Bytes)} (the model: {Units.Bytes(report.SourceBytes)})");
        foreach (var (runtime, findings) in report.Runtimes ?? [])
            page.Line($"{runtime}: {(findings.Count == 0 ? "reads every shape as it is" : string.Join("; ", findings))}");
    }
}

using Espalier.Cli.Rendering;
using Espalier.Files;

namespace Espalier.Cli.Commands;

/// <summary>What <c>init</c> shows to a person.</summary>
internal static class InitPage
{
    internal static void Show(Page page, InitReport report)
    {
        page.Line($"wrote {report.Output}: {Units.Count(report.Teacher.Parameters)} parameters to {Units.Count(report.Student.Parameters)}, {report.NonEmbeddingKept * 100:0} % of those beside the embedding; "
            + $"{report.Steps} steps on windows of {report.Sequence} tokens");
        page.Line("Read it, change what you like, then see what it costs and run it:");
        foreach (var command in report.Next)
            page.Line($"    {command}");
    }
}

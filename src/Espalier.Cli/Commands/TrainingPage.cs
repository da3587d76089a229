using Espalier.Cli.Rendering;

namespace Espalier.Cli.Commands;

/// <summary>What a training command shows to a person.</summary>
internal static class TrainingPage
{
    internal static void Show(Page page, TrainingReport report)
    {
        page.Table(ModelTable.Of(report.Rows));
        if (ModelTable.Legend(report.Rows) is { } legend)
            page.Line(legend);
        ProfilePage.Show(page, report.Profile);
        page.Line($"wrote {report.Output}; metrics in {report.Metrics}");
    }
}

using System.Globalization;
using Espalier.Cli.Rendering;

namespace Espalier.Cli.Commands;

/// <summary>What <c>need</c> shows to a person.</summary>
internal static class NeedPage
{
    internal static void Show(Page page, NeedReport report)
    {
        var table = new TextTable(new("nats a token"), new("windows", Number: true), new("loss", Number: true), new("expected", Number: true), new("beyond it", Number: true));
        foreach (var text in new[] { report.Data, report.Reference })
            table.Add(text.Name, Whole(text.Windows), Number(text.Loss, text.LossSe), Number(text.Expected, text.ExpectedSe), Number(text.Excess, text.ExcessSe));
        table.Add("difference", "", Number(report.LossDifference, report.LossDifferenceSe), "", Number(report.Difference, report.DifferenceSe));
        page.Table(table);
        page.Line(string.Create(CultureInfo.InvariantCulture, $"95 % interval of the difference beyond it: {report.Lower:0.0000} to {report.Upper:0.0000} ({report.Degrees:0.#} degrees of freedom)"));
        page.Line();
        page.Line(report.Why);
    }

    private static string Whole(int count) => count.ToString(CultureInfo.InvariantCulture);

    private static string Number(double value, double error) => string.Create(CultureInfo.InvariantCulture, $"{value:0.0000} ± {error:0.0000}");
}

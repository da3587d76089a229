using Espalier.Cli.Commands.Shared;
using Espalier.Cli.Commands.Shared.Options;
using Espalier.Cli.Rendering;
using Espalier.Compression.Evaluation;
using Espalier.Pipeline.Cards;
using Espalier.Pipeline.Runs.Results;

namespace Espalier.Cli.Commands.Training;

/// <summary>What <c>align</c> shows.</summary>
internal static class AlignPage
{
    internal static void Show(Page page, AlignReport report)
    {
        Table(page, [report.Aligned]);
        ProfilePage.Show(page, report.Profile);
        page.Line($"wrote {report.Output}; metrics in {ShownPath.Of(report.Metrics)}");
    }

    /// <summary>Each step on what it held out, before and after.</summary>
    internal static void Table(Page page, IReadOnlyList<AlignRow> rows)
    {
        // Only pairs are preferred rightly or not.
        var hasPairs = rows.Any(static row => row.Before?.Accuracy is not null || row.After?.Accuracy is not null);
        var table = new TextTable(["alignment step", "method", ">trained on", ">left out", ">held-out loss before", ">held-out loss after",
            .. hasPairs ? [">preferred correctly before", ">preferred correctly after"] : Array.Empty<Column>()]);
        foreach (var row in rows)
        {
            string[] cells = [row.Stage, row.Method, Units.Count(row.Conversations), Units.Count(row.LeftOut),
                Loss(row.Before), Loss(row.After)];
            table.Add([.. cells, .. hasPairs ? (string[])[Share(row.Before), Share(row.After)] : []]);
        }

        page.Table(table);
    }

    private static string Share(HeldOutRow? found) =>
        found?.Accuracy is { } share ? string.Create(CultureInfo.InvariantCulture, $"{100 * share:0.#} %") : "";

    private static string Loss(HeldOutRow? found) =>
        found is null ? "none" : LossText.WithError(found.Loss, found.LossSe);
}

using Espalier.Cli.Rendering;
using Espalier.Compression.Evaluation;
using Espalier.Pipeline.Cards;

namespace Espalier.Cli.Commands.Machine;

/// <summary>What <c>bench</c> shows.</summary>
internal static class BenchPage
{
    internal static void Show(Page page, BenchReport report)
    {
        foreach (var phase in report.Rows.Select(row => row.Phase).Distinct())
            Show(page, report, phase);
        page.Line(
            $"medians of {report.Rounds} rounds, with the slowest and the fastest; each round times all models in turn, and a decoding "
            + $"round writes {Units.Counted(report.Tokens, "token")} per sequence");
        if (report.Models.Count > 1)
            page.Line(
                $"gain: speed relative to {report.Models[0].Model}, the median of the rounds' ratios; operations: its operations over the "
                    + "model's; share: gain / operations");
        foreach (var model in report.Models)
            page.Line(
                $"{model.Model}: {Units.Count(model.Parameters)} parameters, matrices in {model.Weights}, {Units.Bytes(model.Bytes)}");
    }

    private static void Show(Page page, BenchReport report, SpeedPhase phase)
    {
        var (compares, batches) = (report.Models.Count > 1, phase == SpeedPhase.Decode);
        var table = new TextTable([EnumName.Of(phase), ">context", .. batches ? [">batch"] : Array.Empty<Column>(), ">tokens/s",
            .. compares ? [">gain (95 % interval)", ">operations", ">share"] : Array.Empty<Column>()]);
        foreach (var row in report.Rows.Where(row => row.Phase == phase))
            table.Add(
            [
                row.Model, Invariant($"{row.Context}"), .. batches ? [Invariant($"{row.Batch}")] : Array.Empty<string>(),
                $"{Units.Short(row.TokensPerSecond)} ({Units.Short(row.Lowest)} to {Units.Short(row.Highest)})",
                .. compares
                    ? [
                        row.Gain is { } gain ? Invariant($"{gain:0.00} ({row.GainLower:0.00} to {row.GainUpper:0.00})") : "",
                        row.Operations is { } operations ? Invariant($"{operations:0.00}") : "",
                        row.Share is { } share ? Invariant($"{share:0.00}") : "",
                    ]
                    : Array.Empty<string>(),
            ]);
        page.Table(table);
        page.Line();
    }

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}

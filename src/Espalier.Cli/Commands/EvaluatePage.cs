using System.Globalization;
using Espalier.Cli.Rendering;
using Espalier.Files;

namespace Espalier.Cli.Commands;

/// <summary>What <c>evaluate</c> shows to a person.</summary>
internal static class EvaluatePage
{
    internal static void Show(Page page, EvaluationReport report)
    {
        page.Heading($"{report.Model} on {report.Data}");
        page.Table(TextTable.OfFacts([
            ("NLL", string.Create(CultureInfo.InvariantCulture, $"{report.Nll:0.0000} ± {report.NllSe:0.0000} nats a token")),
            ("perplexity", string.Create(CultureInfo.InvariantCulture, $"{report.Perplexity:0.000}")),
            .. report.BitsPerByte is { } bits ? [("bits per byte", string.Create(CultureInfo.InvariantCulture, $"{bits:0.0000}"))] : Array.Empty<(string, string)>(),
            ("tokens", string.Create(CultureInfo.InvariantCulture, $"{report.Tokens}, {report.Windows} windows of {report.Seq}")),
            ("speed", $"{Units.Count(report.TokensPerSecond)} tokens/s"),
            .. report.PerToken is { } file ? [("per token", file)] : Array.Empty<(string, string)>(),
        ]));
    }

    /// <summary>One row.</summary>
    internal static CsvTable Csv(EvaluationReport report)
    {
        var table = new CsvTable("model", "data", "nll", "nll_se", "perplexity", "bits_per_byte", "tokens", "bytes", "seq", "windows", "seconds", "tokens_per_second");
        table.Add(
            report.Model, report.Data, report.Nll, report.NllSe, report.Perplexity, report.BitsPerByte, report.Tokens, report.Bytes, report.Seq, report.Windows, report.Seconds, report.TokensPerSecond);
        return table;
    }
}

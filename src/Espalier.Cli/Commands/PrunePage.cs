using System.Globalization;
using Espalier.Cli.Rendering;
using Espalier.Files;

namespace Espalier.Cli.Commands;

/// <summary>What <c>prune</c> shows to a person.</summary>
internal static class PrunePage
{
    internal static void Show(Page page, PruneReport report)
    {
        var table = new TextTable(
            new("model"), new("hidden", Number: true), new("ffn", Number: true), new("heads", Number: true), new("kv heads", Number: true), new("layers", Number: true),
            new("parameters", Number: true), new("without embeddings", Number: true), new("on disk", Number: true));
        foreach (var row in report.Rows)
            table.Add(
                row.Model, Text(row.HiddenSize), Text(row.IntermediateSize), Text(row.NumAttentionHeads), Text(row.NumKeyValueHeads), Text(row.NumHiddenLayers),
                Units.Count(row.Parameters), Units.Count(row.NonEmbeddingParameters), Units.Bytes(row.Bytes));
        page.Table(table);
        page.Line($"wrote {report.Output}, by {report.Method}{(report.Plan is { } plan ? $"; plan in {plan}" : "")}");
    }

    private static string Text(int value) => value.ToString(CultureInfo.InvariantCulture);
}

using System.Globalization;
using Espalier.Cli.Rendering;
using Espalier.Compression.Importance;
using Espalier.Models;

namespace Espalier.Cli.Commands;

/// <summary>What <c>score</c> shows to a person: how much lies on each layer, how unequal its units are, and what the whole network adds up to.</summary>
internal static class ScorePage
{
    internal static void Show(Page page, ImportanceScores scores, string model, string? file)
    {
        page.Heading($"{model}: {scores.How}{Text(scores)}");
        Layers(page, scores);
        Network(page, scores);
        page.Line(file is not null ? $"wrote {file}" : "--output FILE.json keeps the scores for prune --scores; --json prints all of them");
    }

    /// <summary>All nine aggregators: where each of them ranks the channels apart from the default.</summary>
    internal static void ShowAll(Page page, IReadOnlyList<ImportanceScores> all, string model, string folder)
    {
        page.Heading($"{model}: nine aggregators{Text(all[0])}");
        var usual = all[Aggregator.All.ToList().IndexOf(Aggregator.Default)];
        var table = new TextTable(new("file"), new("neurons", Number: true), new("heads", Number: true), new("channels", Number: true));
        foreach (var (aggregator, scores) in Aggregator.All.Zip(all))
        {
            var axes = ScoresComparison.Axes(usual, scores, new(KeptSizes.DefaultShare));
            table.Add($"{aggregator.FileName}.json", Share(axes[0].Overlap), Share(axes[1].Overlap), Share(axes[2].Overlap));
        }
        page.Table(table);
        page.Line($"wrote {folder}; the table: of the best two thirds of the units, the share that is among those of {Aggregator.Default} too");
    }

    private static void Layers(Page page, ImportanceScores scores)
    {
        var table = new TextTable(
            new("layer", Number: true), new(scores.Method.ReadsActivations() ? "block influence" : "layer's score", Number: true),
            new("heads: least", Number: true), new("median", Number: true), new("most", Number: true), new("< 1 %", Number: true),
            new("neurons: least", Number: true), new("median", Number: true), new("most", Number: true), new("< 1 %", Number: true));
        for (var layer = 0; layer < scores.BlockInfluence[1].Length; layer++)
            table.Add([layer.ToString(CultureInfo.InvariantCulture), Digits(scores.BlockInfluence[1][layer]), .. Summary(scores.Units[Axis.Heads]![layer]), .. Summary(scores.Units[Axis.Ffn]![layer])]);
        page.Table(table);
    }

    private static void Network(Page page, ImportanceScores scores)
    {
        var table = new TextTable(
            new("whole network"), new("units", Number: true), new("sum", Number: true), new("least", Number: true), new("median", Number: true), new("most", Number: true), new("< 1 %", Number: true));
        foreach (var axis in Axis.All.Where(axis => axis == Axis.Layers || scores.Units[axis] is not null).OrderBy(axis => axis == Axis.Hidden))
        {
            var values = axis == Axis.Layers ? scores.BlockInfluence[1] : [.. scores.Units[axis]!.SelectMany(row => row)];
            table.Add([axis.Units, values.Length.ToString(CultureInfo.InvariantCulture), Digits(values.Sum()), .. Summary(values)]);
        }
        page.Table(table);
        page.Line($"{scores.Units[Axis.Hidden]![0].Length} channels; < 1 %: units with less than a hundredth of the largest score beside them");
    }

    private static string[] Summary(double[] values)
    {
        var (most, median) = (values.Max(), values.Order().ElementAt(values.Length / 2));
        return [Digits(values.Min()), Digits(median), Digits(most), Share(values.Count(value => value < most / 100) / (double)values.Length)];
    }

    private static string Text(ImportanceScores scores) => scores.Samples > 0 ? $", {scores.Samples} samples of {scores.SampleLength} tokens" : "";

    private static string Digits(double value) => value.ToString("G4", CultureInfo.InvariantCulture);

    private static string Share(double share) => (100 * share).ToString("0.#", CultureInfo.InvariantCulture) + " %";
}

using Espalier.Cli.Commands.Shared.Options;
using Espalier.Cli.Rendering;
using Espalier.Compression.Evaluation;
using Espalier.Pipeline.Cards;
using Espalier.Pipeline.Runs.Results;
using Espalier.Reports.Runs;

namespace Espalier.Cli.Commands.Shared;

/// <summary>The table of a run: a row a model, its size, its loss on every text, its speed.</summary>
internal static class ModelTable
{
    /// <summary>With several recipes the arm is a column; a model that arms share stands once for the texts it is evaluated on.</summary>
    internal static TextTable Of(IReadOnlyList<ModelRow> rows)
    {
        rows = [.. rows.DistinctBy(row => (row.Path, row.Stage))];
        var arms = rows.Select(row => row.Arm).Distinct().Count() > 1;
        var sets = rows.SelectMany(row => row.Evaluations).Select(evaluation => evaluation.Set).Distinct().ToArray();
        var table = new TextTable([.. arms ? ["recipe"] : Array.Empty<Column>(), "model", ">parameters", ">non-embedding", ">on disk",
            .. sets.SelectMany(set => new Column[] { $">{set} nll", ">perplexity" }), ">tokens/s"]);
        foreach (var row in rows)
        {
            string[] arm = arms ? [row.Arm] : [];
            table.Add([
                .. arm, row.Model, Units.Count(row.Parameters), Units.Count(row.NonEmbeddingParameters), Units.Bytes(row.Bytes),
                .. sets.SelectMany(set => Cells(row.Evaluations.FirstOrDefault(evaluation => evaluation.Set == set))),
                Speed(row.Speed)]);
        }
        return table;
    }

    /// <summary>A row a model and text.</summary>
    internal static CsvTable Csv(IReadOnlyList<ModelRow> rows)
    {
        var table = new CsvTable(
            "arm", "recipe", "seed", "model", "path", "parameters", "non_embedding_parameters", "bytes", "set", "nll", "nll_se",
            "perplexity", "bits_per_byte", "tokens",
            "tokens_per_second", "tokens_per_second_lowest", "tokens_per_second_highest");
        foreach (var row in rows)
        {
            var (recipe, seed) = SeedSummary.Split(row.Arm);
            foreach (var of in row.Evaluations)
                table.Add(
                    row.Arm, recipe, seed, row.Model, row.Path, row.Parameters, row.NonEmbeddingParameters, row.Bytes, of.Set, of.Nll,
                    of.NllStandardError, of.Perplexity, of.BitsPerByte, of.Tokens,
                    row.Speed?.Median, row.Speed?.Lowest, row.Speed?.Highest);
        }
        return table;
    }

    /// <summary>Shows it, and below it what its columns say.</summary>
    internal static void Show(Page page, IReadOnlyList<ModelRow> rows)
    {
        page.Table(Of(rows));
        if (rows.Any(row => row.Evaluations.Count > 0))
            page.Line("nll: nats per token, the mean over windows ± its standard error");
        if (Legend(rows) is { } legend)
            page.Line(legend);
    }

    /// <summary>What the last column says; null where nothing stands in it.</summary>
    internal static string? Legend(IReadOnlyList<ModelRow> rows) =>
        rows.Select(row => row.Speed).FirstOrDefault(speed => speed?.HasSpread == true) is { } measured
            ? $"tokens/s: greedy, one sequence of {measured.Tokens} tokens; the median "
                + $"of {measured.Measurements} measurements, the slowest and the fastest"
            : null;

    /// <summary>One measurement alone says little on a machine that may have been busy: it is left to <c>--json</c>.</summary>
    private static string Speed(GenerationSpeed? speed) => speed is not { HasSpread: true } ? ""
        : string.Create(CultureInfo.InvariantCulture, $"{speed.Median:0} ({speed.Lowest:0} to {speed.Highest:0})");

    private static string[] Cells(EvaluationRow? evaluation) => evaluation is null
        ? ["", ""]
        : [LossText.WithError(evaluation.Nll, evaluation.NllStandardError), $"{evaluation.Perplexity:0.00}"];
}

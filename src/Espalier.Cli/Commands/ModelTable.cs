using System.Globalization;
using Espalier.Cli.Rendering;
using Espalier.Compression.Recipes;

namespace Espalier.Cli.Commands;

/// <summary>The table of a run: a row a model, its size, its loss on every text, its speed.</summary>
internal static class ModelTable
{
    /// <summary>With several recipes the arm is a column, and models that arms share stand once.</summary>
    internal static TextTable Of(IReadOnlyList<ModelRow> rows)
    {
        rows = [.. rows.DistinctBy(row => row.Path)];
        var arms = rows.Select(row => row.Arm).Distinct().Count() > 1;
        var sets = rows.SelectMany(row => row.Evaluations).Select(evaluation => evaluation.Set).Distinct().ToArray();
        TextColumn[] armColumn = arms ? [new("recipe")] : [];
        var table = new TextTable([
            .. armColumn, new("model"), new("parameters", Number: true), new("w/o embedding", Number: true), new("on disk", Number: true),
            .. sets.SelectMany(set => new TextColumn[] { new($"{set} nll", Number: true), new("perplexity", Number: true) }),
            new("tokens/s", Number: true)]);
        foreach (var row in rows)
        {
            string[] arm = arms ? [row.Arm] : [];
            table.Add([
                .. arm, row.Model, Units.Count(row.Parameters), Units.Count(row.NonEmbeddingParameters), Units.Bytes(row.Bytes),
                .. sets.SelectMany(set => Cells(row.Evaluations.FirstOrDefault(evaluation => evaluation.Set == set))),
                row.TokensPerSecond is { } speed ? speed.ToString("0", CultureInfo.InvariantCulture) : ""]);
        }
        return table;
    }

    private static string[] Cells(EvaluationRow? evaluation) => evaluation is null
        ? ["", ""]
        : [$"{evaluation.Nll:0.0000} ± {evaluation.NllStandardError:0.0000}", $"{evaluation.Perplexity:0.00}"];
}
